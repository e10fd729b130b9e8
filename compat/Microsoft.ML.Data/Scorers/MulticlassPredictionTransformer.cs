using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(ISingleFeaturePredictionTransformer<object>), typeof(MulticlassPredictionTransformer), null, typeof(SignatureLoadModel), "", MulticlassPredictionTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

public sealed class MulticlassPredictionTransformer<TModel> : SingleFeaturePredictionTransformerBase<TModel>
    where TModel : class
{
    private readonly string _trainLabelColumn;

    internal MulticlassPredictionTransformer(IHostEnvironment env, TModel model, DataViewSchema trainSchema, string featureColumn, string labelColumn)
        : base(Contracts.CheckRef(env, nameof(env)).Register("MulticlassPredictionTransformer"), model, trainSchema, featureColumn)
        => _trainLabelColumn = labelColumn;

    private protected override IRowMapper MakeMapper(DataViewSchema inputSchema, DataViewSchema.Column features)
        => new MulticlassScoreMapper(Host, (IMulticlassModel)Model, inputSchema, features, _trainLabelColumn == null ? null : TrainSchema.GetColumnOrNull(_trainLabelColumn));

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(MulticlassPredictionTransformer.Version);
        SaveBase(ctx);
        ctx.SaveStringOrNull(_trainLabelColumn);
    }
}

internal static class MulticlassPredictionTransformer
{
    public const string LoaderSignature = "MulticlassPredXfer";

    public static VersionInfo Version => new("MC  PRED", 0x00010002, 0x00010002, 0x00010002, typeof(MulticlassPredictionTransformer).Assembly.FullName, LoaderSignature);

    private static ISingleFeaturePredictionTransformer<object> Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        var (model, schema, features) = PredictionTransformerLoader.LoadBase(env, ctx);
        env.CheckDecode(model is IMulticlassModel);
        return PredictionTransformerLoader.Make(typeof(MulticlassPredictionTransformer<>), model, env, model, schema, features, ctx.LoadStringOrNull());
    }
}
