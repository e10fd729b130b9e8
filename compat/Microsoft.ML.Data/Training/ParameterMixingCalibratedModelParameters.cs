using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(CalibratedModelParametersBase), typeof(ParameterMixingCalibratedModelParameters), null, typeof(SignatureLoadModel), "Parameter mixing calibrated model", ParameterMixingCalibratedModelParameters.LoaderSignature)]

namespace Microsoft.ML.Calibrators;

/// <summary>A calibrated linear model: its scores are the linear model's.</summary>
internal sealed class ParameterMixingCalibratedModelParameters<TSubModel, TCalibrator>(TSubModel subModel, TCalibrator calibrator)
    : CalibratedModelParametersBase<TSubModel, TCalibrator>(subModel, calibrator), IBinaryModel, ICanSaveModel
    where TSubModel : class
    where TCalibrator : class, ICalibrator
{
    int IFeatureModel.FeatureCount => ((IBinaryModel)SubModel).FeatureCount;

    float IBinaryModel.Score(in VBuffer<float> features) => ((IBinaryModel)SubModel).Score(in features);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(ParameterMixingCalibratedModelParameters.Version);
        ctx.SaveModel(SubModel, ParameterMixingCalibratedModelParameters.ModelFolder);
        ctx.SaveModel(Calibrator, ParameterMixingCalibratedModelParameters.CalibratorFolder);
    }
}

internal static class ParameterMixingCalibratedModelParameters
{
    public const string LoaderSignature = "PMixCaliPredExec";
    public const string ModelFolder = "Predictor";
    public const string CalibratorFolder = "Calibrator";

    public static VersionInfo Version => new("PMIXCALP", 0x00010001, 0x00010001, 0x00010001, typeof(ParameterMixingCalibratedModelParameters).Assembly.FullName, LoaderSignature);

    private static CalibratedModelParametersBase Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        ctx.LoadModel<ICanSaveModel, SignatureLoadModel>(env, out var model, ModelFolder);
        ctx.LoadModel<ICalibrator, SignatureLoadModel>(env, out var calibrator, CalibratorFolder);
        env.CheckDecode(model is IBinaryModel);
        return (CalibratedModelParametersBase)Activator.CreateInstance(typeof(ParameterMixingCalibratedModelParameters<,>).MakeGenericType(model.GetType(), calibrator.GetType()), model, calibrator);
    }
}
