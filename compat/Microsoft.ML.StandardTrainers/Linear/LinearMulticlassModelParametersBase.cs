using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Weights and a bias for each class.</summary>
public abstract class LinearMulticlassModelParametersBase : ModelParametersBase<VBuffer<float>>, IMulticlassModel
{
    private const string LabelNamesStream = "LabelNames";

    // Parameters as the optimizer has them: biases, then the weights of each class.
    private readonly float[] _parameters;
    private readonly int _classes;
    private readonly int _features;
    private string[] _labelNames;

    private protected LinearMulticlassModelParametersBase(IHostEnvironment env, string name, float[] parameters, int classes, int features, string[] labelNames)
        : base(env, name)
    {
        _parameters = parameters;
        _classes = classes;
        _features = features;
        _labelNames = labelNames;
    }

    private protected LinearMulticlassModelParametersBase(IHostEnvironment env, string name, ModelLoadContext ctx)
        : base(env, name)
    {
        _features = ctx.Reader.ReadInt32();
        _classes = ctx.Reader.ReadInt32();
        Host.CheckDecode(_features >= 1 && _classes >= 1);
        long count = (long)_classes * (_features + 1L);
        Host.CheckDecode(count * sizeof(float) <= ctx.Header.CbModel);
        _parameters = new float[count];
        ctx.Reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(_parameters.AsSpan()));
        ctx.TryLoadBinaryStream(LabelNamesStream, reader => _labelNames = Enumerable.Range(0, _classes).Select(_ => reader.ReadString()).ToArray());
    }

    int IFeatureModel.FeatureCount => _features;

    int IMulticlassModel.ClassCount => _classes;

    public IEnumerable<float> GetBiases() => _parameters.Take(_classes);

    public void GetWeights(ref VBuffer<float>[] weights, out int numClasses)
    {
        numClasses = _classes;
        if (weights == null || weights.Length < _classes)
            Array.Resize(ref weights, _classes);
        for (int i = 0; i < _classes; i++)
            VBuffer<float>.Copy(_parameters, _classes + i * _features, ref weights[i], _features);
    }

    void IMulticlassModel.Score(in VBuffer<float> features, Span<float> scores)
    {
        for (int i = 0; i < _classes; i++)
            scores[i] = _parameters[i] + Vectors.Dot(in features, _parameters.AsSpan(_classes + i * _features, _features));
        Calibrate(scores);
    }

    /// <summary>Turns the linear scores into those of the model.</summary>
    private protected abstract void Calibrate(Span<float> scores);

    private protected void SaveParameters(ModelSaveContext ctx)
    {
        ctx.Writer.Write(_features);
        ctx.Writer.Write(_classes);
        ctx.Writer.Write(MemoryMarshal.AsBytes(_parameters.AsSpan()));
        if (_labelNames == null)
            return;
        ctx.SaveBinaryStream(LabelNamesStream, writer =>
        {
            foreach (string name in _labelNames)
                writer.Write(name);
        });
    }
}
