using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(typeof(PlattCalibrator), null, typeof(SignatureLoadModel), "Platt Calibration Executor", PlattCalibrator.LoaderSignature)]

namespace Microsoft.ML.Calibrators;

/// <summary>The logistic function of a line through the scores (Platt 1999).</summary>
public sealed class PlattCalibrator : ICalibrator, ICanSaveModel
{
    internal const string LoaderSignature = "PlattCaliExec";

    internal PlattCalibrator(double slope, double offset)
    {
        Slope = slope;
        Offset = offset;
    }

    public double Offset { get; }

    public double Slope { get; }

    private static VersionInfo Version => new("PLATTCAL", 0x00010001, 0x00010001, 0x00010001, typeof(PlattCalibrator).Assembly.FullName, LoaderSignature);

    public float PredictProbability(float output)
        => float.IsNaN(output) ? output : (float)(1 / (1 + Math.Exp(Slope * output + Offset)));

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        ctx.Writer.Write(Slope);
        ctx.Writer.Write(Offset);
    }

    private static PlattCalibrator Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        return new PlattCalibrator(ctx.Reader.ReadDouble(), ctx.Reader.ReadDouble());
    }
}
