using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Multinomial logistic regression.</summary>
public sealed class LbfgsMaximumEntropyMulticlassTrainer
    : LbfgsTrainerBase<LbfgsMaximumEntropyMulticlassTrainer.Options, MulticlassPredictionTransformer<MaximumEntropyModelParameters>, MaximumEntropyModelParameters>
{
    internal LbfgsMaximumEntropyMulticlassTrainer(IHostEnvironment env, Options options)
        : base(env, options, new SchemaShape.Column(options.LabelColumnName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true))
    {
    }

    private protected override RowLoss MakeLoss(DataViewSchema.Column label, int features) => new MaximumEntropyLoss(label.Type.GetKeyCountAsInt32(Host), features);

    private protected override MaximumEntropyModelParameters MakeModel(float[] parameters, DataViewSchema.Column label, int features)
    {
        int classes = label.Type.GetKeyCountAsInt32(Host);
        if (classes == 1)
        {
            using var channel = Host.Start("Creating Predictor");
            channel.Warning("Training resulted in a one class predictor");
        }
        return new MaximumEntropyModelParameters(Host, parameters, classes, features, LabelNames(label, classes));
    }

    private protected override MulticlassPredictionTransformer<MaximumEntropyModelParameters> MakeTransformer(MaximumEntropyModelParameters model, DataViewSchema trainSchema)
        => new(Host, model, trainSchema, FeatureColumn.Name, LabelColumn.Name);

    private protected override SchemaShape.Column[] OutputColumns(SchemaShape inputSchema)
    {
        inputSchema.TryFindColumn(LabelColumn.Name, out var label);
        var keyValues = label.Annotations.Where(annotation => annotation.Name == AnnotationUtils.Kinds.KeyValues);
        return
        [
            new(DefaultColumnNames.Score, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false, new SchemaShape(AnnotationUtils.AnnotationsForMulticlassScoreColumn(label))),
            new(DefaultColumnNames.PredictedLabel, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true, new SchemaShape(keyValues.Concat(AnnotationUtils.GetTrainerOutputAnnotation()))),
        ];
    }

    /// <summary>What the model file calls the classes: the label's text values where each class has one of its own, else null.</summary>
    private static string[] LabelNames(DataViewSchema.Column label, int classes)
    {
        if (!label.HasKeyValues(TextDataViewType.Instance))
            return null;
        var values = default(VBuffer<ReadOnlyMemory<char>>);
        label.GetKeyValues(ref values);
        var names = values.DenseValues().Select(value => value.ToString()).ToArray();
        return names.Length == classes && !names.Contains("") && names.Distinct().Count() == classes ? names : null;
    }

    public sealed class Options : OptionsBase
    {
    }
}
