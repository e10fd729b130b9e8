using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Logistic regression, whose scores are turned into probabilities by the logistic function itself.</summary>
public sealed class LbfgsLogisticRegressionBinaryTrainer
    : LbfgsTrainerBase<
        LbfgsLogisticRegressionBinaryTrainer.Options,
        BinaryPredictionTransformer<CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>>,
        CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>>
{
    internal LbfgsLogisticRegressionBinaryTrainer(IHostEnvironment env, Options options)
        : base(env, options, new SchemaShape.Column(options.LabelColumnName, SchemaShape.Column.VectorKind.Scalar, BooleanDataViewType.Instance, false))
    {
    }

    private protected override RowLoss MakeLoss(DataViewSchema.Column label, int features) => new LogisticLoss(features);

    private protected override CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator> MakeModel(float[] parameters, DataViewSchema.Column label, int features)
        => new ParameterMixingCalibratedModelParameters<LinearBinaryModelParameters, PlattCalibrator>(
            new LinearBinaryModelParameters(Host, parameters[1..], parameters[0]), new PlattCalibrator(-1, 0));

    private protected override BinaryPredictionTransformer<CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator>> MakeTransformer(
        CalibratedModelParametersBase<LinearBinaryModelParameters, PlattCalibrator> model, DataViewSchema trainSchema)
        => new(Host, model, trainSchema, FeatureColumn.Name);

    private protected override SchemaShape.Column[] OutputColumns(SchemaShape inputSchema)
    {
        const SchemaShape.Column.VectorKind Scalar = SchemaShape.Column.VectorKind.Scalar;
        return
        [
            new(DefaultColumnNames.Score, Scalar, NumberDataViewType.Single, false, new SchemaShape(AnnotationUtils.GetTrainerOutputAnnotation())),
            new(DefaultColumnNames.Probability, Scalar, NumberDataViewType.Single, false, new SchemaShape(AnnotationUtils.GetTrainerOutputAnnotation(isNormalized: true))),
            new(DefaultColumnNames.PredictedLabel, Scalar, BooleanDataViewType.Instance, false, new SchemaShape(AnnotationUtils.GetTrainerOutputAnnotation())),
        ];
    }

    public sealed class Options : OptionsBase
    {
    }
}
