using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

[assembly: LoadableClass(typeof(MaximumEntropyModelParameters), null, typeof(SignatureLoadModel), "Multiclass LR Executor", MaximumEntropyModelParameters.LoaderSignature)]

namespace Microsoft.ML.Trainers;

/// <summary>A linear model whose scores are softmax probabilities.</summary>
public sealed class MaximumEntropyModelParameters : LinearMulticlassModelParametersBase
{
    internal const string LoaderSignature = "MultiClassLRExec";

    private const string RegistrationName = "MulticlassLogisticRegressionPredictor";

    internal MaximumEntropyModelParameters(IHostEnvironment env, float[] parameters, int classes, int features, string[] labelNames)
        : base(env, RegistrationName, parameters, classes, features, labelNames)
    {
    }

    private MaximumEntropyModelParameters(IHostEnvironment env, ModelLoadContext ctx)
        : base(env, RegistrationName, ctx)
    {
    }

    private static VersionInfo Version => new("MULTI LR", 0x00010003, 0x00010003, 0x00010003, typeof(MaximumEntropyModelParameters).Assembly.FullName, LoaderSignature);

    internal static MaximumEntropyModelParameters Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new MaximumEntropyModelParameters(env, ctx);
    }

    private protected override void SaveCore(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveParameters(ctx);
    }

    private protected override void Calibrate(Span<float> scores) => Softmax.Normalize(scores);
}
