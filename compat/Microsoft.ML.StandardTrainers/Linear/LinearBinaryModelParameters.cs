using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

[assembly: LoadableClass(typeof(LinearBinaryModelParameters), null, typeof(SignatureLoadModel), "Linear Binary Executor", LinearBinaryModelParameters.LoaderSignature)]

namespace Microsoft.ML.Trainers;

public sealed class LinearBinaryModelParameters : LinearModelParameters
{
    internal const string LoaderSignature = "Linear2CExec";

    private const string RegistrationName = "LinearBinaryPredictor";

    internal LinearBinaryModelParameters(IHostEnvironment env, float[] weights, float bias)
        : base(env, RegistrationName, weights, bias)
    {
    }

    private LinearBinaryModelParameters(IHostEnvironment env, ModelLoadContext ctx)
        : base(env, RegistrationName, ctx)
    {
    }

    private static VersionInfo Version => new("LINEAR2C", 0x00020002, 0x00020002, 0x00020002, typeof(LinearBinaryModelParameters).Assembly.FullName, LoaderSignature);

    internal static LinearBinaryModelParameters Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new LinearBinaryModelParameters(env, ctx);
    }

    private protected override void SaveCore(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Version);
        SaveParameters(ctx);
    }
}
