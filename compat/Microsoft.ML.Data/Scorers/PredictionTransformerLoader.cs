using Microsoft.ML.Calibrators;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Reads what the prediction transformers have in common, and makes one of the type of its model.</summary>
internal static class PredictionTransformerLoader
{
    public const string ModelFolder = "Model";
    public const string TrainSchema = "TrainSchema";

    public static (object Model, DataViewSchema TrainSchema, string FeatureColumn) LoadBase(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.LoadModel<object, SignatureLoadModel>(env, out var model, ModelFolder);
        DataViewSchema schema = null;
        env.CheckDecode(ctx.TryLoadBinaryStream(TrainSchema, reader => schema = SchemaFile.Read(env, reader.BaseStream)));
        return (model, schema, ctx.LoadStringOrNull());
    }

    /// <summary>A calibrated model is known by its public base.</summary>
    public static ISingleFeaturePredictionTransformer<object> Make(Type transformer, object model, params object[] arguments)
    {
        var type = model is CalibratedModelParametersBase ? model.GetType().BaseType : model.GetType();
        return (ISingleFeaturePredictionTransformer<object>)Activator.CreateInstance(transformer.MakeGenericType(type), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic, null, arguments, null);
    }
}
