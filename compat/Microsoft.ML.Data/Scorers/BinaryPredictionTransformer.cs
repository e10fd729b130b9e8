using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ISingleFeaturePredictionTransformer<object>), typeof(BinaryPredictionTransformer), null, typeof(SignatureLoadModel), "", BinaryPredictionTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

public sealed class BinaryPredictionTransformer<TModel> : SingleFeaturePredictionTransformerBase<TModel>
    where TModel : class
{
    internal BinaryPredictionTransformer(IHostEnvironment env, TModel model, DataViewSchema trainSchema, string featureColumn)
        : base(Contracts.CheckRef(env, nameof(env)).Register("BinaryPredictionTransformer"), model, trainSchema, featureColumn)
    {
    }

    private protected override IRowMapper MakeMapper(DataViewSchema inputSchema, DataViewSchema.Column features)
        => new BinaryScoreMapper(Host, (IBinaryModel)Model, inputSchema, features);

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(BinaryPredictionTransformer.Version);
        SaveBase(ctx);
    }
}

internal static class BinaryPredictionTransformer
{
    public const string LoaderSignature = "BinaryPredXfer";

    public static VersionInfo Version => new("BIN PRED", 0x00010001, 0x00010001, 0x00010001, typeof(BinaryPredictionTransformer).Assembly.FullName, LoaderSignature);

    private static ISingleFeaturePredictionTransformer<object> Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        var (model, schema, features) = PredictionTransformerLoader.LoadBase(env, ctx);
        env.CheckDecode(model is IBinaryModel);
        return PredictionTransformerLoader.Make(typeof(BinaryPredictionTransformer<>), model, env, model, schema, features);
    }
}
