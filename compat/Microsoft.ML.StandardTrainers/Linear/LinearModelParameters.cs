using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>One score: weights and a bias.</summary>
public abstract class LinearModelParameters : ModelParametersBase<float>, IBinaryModel
{
    private readonly float[] _weights;

    private protected LinearModelParameters(IHostEnvironment env, string name, float[] weights, float bias)
        : base(env, name)
    {
        _weights = weights;
        Bias = bias;
    }

    private protected LinearModelParameters(IHostEnvironment env, string name, ModelLoadContext ctx)
        : base(env, name)
    {
        Bias = ctx.Reader.ReadSingle();
        int count = ctx.Reader.ReadInt32();
        Host.CheckDecode(count > 0 && count * (long)sizeof(float) <= ctx.Header.CbModel);
        _weights = new float[count];
        ctx.Reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(_weights.AsSpan()));
    }

    public float Bias { get; protected set; }

    public IReadOnlyList<float> Weights => Array.AsReadOnly(_weights);

    int IFeatureModel.FeatureCount => _weights.Length;

    float IBinaryModel.Score(in VBuffer<float> features) => Vectors.Dot(in features, _weights) + Bias;

    private protected void SaveParameters(ModelSaveContext ctx)
    {
        ctx.Writer.Write(Bias);
        ctx.Writer.Write(_weights.Length);
        ctx.Writer.Write(MemoryMarshal.AsBytes(_weights.AsSpan()));
    }
}
