using Microsoft.ML.Runtime;

namespace Microsoft.ML.Calibrators;

/// <summary>A model of scores with what turns these into probabilities.</summary>
public abstract class CalibratedModelParametersBase
{
    private protected CalibratedModelParametersBase(object subModel, ICalibrator calibrator)
    {
        SubModel = subModel;
        Calibrator = calibrator;
    }

    public ICalibrator Calibrator { get; }

    public object SubModel { get; }
}

public abstract class CalibratedModelParametersBase<TSubModel, TCalibrator> : CalibratedModelParametersBase
    where TSubModel : class
    where TCalibrator : class, ICalibrator
{
    private protected CalibratedModelParametersBase(TSubModel subModel, TCalibrator calibrator)
        : base(subModel, calibrator)
    {
        SubModel = subModel;
        Calibrator = calibrator;
    }

    public new TCalibrator Calibrator { get; }

    public new TSubModel SubModel { get; }
}
