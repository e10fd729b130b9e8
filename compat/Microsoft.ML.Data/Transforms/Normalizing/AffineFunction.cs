using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Internal.Utilities;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnFunction), typeof(AffineFunction), null, typeof(SignatureLoadColumnFunction), "Affine Normalizer", AffineFunction.LoaderSignature)]

namespace Microsoft.ML.Transforms;

internal delegate void SignatureLoadColumnFunction(ModelLoadContext ctx, DataViewType type);

/// <summary>(x - offset) * scale in each slot.</summary>
internal sealed class AffineFunction<T>(T[] scale, T[] offset) : ColumnFunction<T>(scale.Length)
    where T : IFloatingPointIeee754<T>
{
    private readonly bool _keepsZero = offset.All(T.IsZero);

    public AffineFunction(ModelLoadContext ctx, int slots)
        : this(Read(ctx, slots), Read(ctx, slots))
    {
    }

    protected override bool KeepsZero => _keepsZero;

    protected override T Map(T value, int slot) => (value - offset[slot]) * scale[slot];

    public override void Save(ModelSaveContext ctx)
    {
        ctx.CheckAtModel();
        ctx.SetVersionInfo(AffineFunction.Version);
        Write(ctx, scale);
        Write(ctx, offset);
        ctx.SaveTextStream("AffineNormalizer.txt", writer =>
        {
            writer.WriteLine($"NumNormalizationFeatures={scale.Length}");
            for (int i = 0; i < scale.Length; i++)
                writer.WriteLine($"{i}\t{offset[i]}\t{scale[i]}");
        });
    }
}

internal static class AffineFunction
{
    public const string LoaderSignature = "AffineNormExec";

    public static VersionInfo Version => new("AFF NORM", 0x00010004, 0x00010004, 0x00010004, typeof(AffineFunction).Assembly.FullName, LoaderSignature);

    private static ColumnFunction Create(IHostEnvironment env, ModelLoadContext ctx, DataViewType type)
    {
        ctx.CheckAtModel(Version);
        return type.GetItemType() == NumberDataViewType.Single ? new AffineFunction<float>(ctx, type.GetValueCount()) : new AffineFunction<double>(ctx, type.GetValueCount());
    }
}
