using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnFunction), typeof(CdfFunction), null, typeof(SignatureLoadColumnFunction), "CDF Normalizer", CdfFunction.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>The normal distribution function of each slot's mean and standard deviation; 0 where a slot doesn't vary.</summary>
internal sealed class CdfFunction<T>(T[] mean, T[] deviation) : ColumnFunction<T>(mean.Length)
    where T : IFloatingPointIeee754<T>
{
    public CdfFunction(ModelLoadContext ctx, int slots)
        : this(Read(ctx, slots), Read(ctx, slots))
    {
    }

    protected override bool KeepsZero => false;

    protected override T Map(T value, int slot)
    {
        if (T.IsZero(deviation[slot]))
            return T.Zero;
        return CdfFunction.Cdf((value - mean[slot]) / deviation[slot]);
    }

    public override void Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CdfFunction.Version);
        Write(ctx, mean);
        Write(ctx, deviation);
    }
}

internal static class CdfFunction
{
    public const string LoaderSignature = "CdfNormalizeFunction";

    public static VersionInfo Version => new("CDFNORMF", 0x00010001, 0x00010001, 0x00010001, typeof(CdfFunction).Assembly.FullName, LoaderSignature);

    /// <summary>The standard normal distribution function to about 1e-4, with the error function as Winitzki (2008) approximates it.</summary>
    public static T Cdf<T>(T x)
        where T : IFloatingPointIeee754<T>
    {
        var half = x * x / T.CreateTruncating(2);
        var bend = T.CreateTruncating(0.147) * half;
        double exponent = double.CreateChecked(-half) * (4 / Math.PI + double.CreateChecked(bend)) / (1 + double.CreateChecked(bend));
        return T.CreateTruncating(0.5 + 0.5 * T.Sign(x) * Math.Sqrt(1 - Math.Exp(exponent)));
    }

    private static ColumnFunction Create(IHostEnvironment env, ModelLoadContext ctx, DataViewType type)
    {
        ctx.CheckAtModel(Version);
        return type.GetItemType() == NumberDataViewType.Single ? new CdfFunction<float>(ctx, type.GetValueCount()) : new CdfFunction<double>(ctx, type.GetValueCount());
    }
}
