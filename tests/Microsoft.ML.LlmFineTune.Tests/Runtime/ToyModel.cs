using Microsoft.ML.LlmFineTune.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Microsoft.ML.LlmFineTune.Tests.Runtime;

/// <summary>A table, a hidden layer with a bias and a head tied to the table: logits of the next token from one token.</summary>
internal sealed class ToyModel : nn.Module, IReplicable
{
    private readonly Parameter bias;
    private readonly Parameter table;
    private readonly Parameter hidden;
    private readonly Tensor scale;
    private readonly double _dropout;
    private RandomStream _random = new(0);

    public ToyModel(int vocabulary = 7, int width = 5, double dropout = 0, RandomStream? initialization = null) : base(nameof(ToyModel))
    {
        (Vocabulary, Width, _dropout) = (vocabulary, width, dropout);
        bias = new Parameter(zeros(width));
        table = new Parameter(zeros([vocabulary, width]));
        hidden = new Parameter(zeros([width, width]));
        scale = zeros(1);
        RegisterComponents();
        if (initialization is null) return;
        foreach ((string _, Parameter parameter) in named_parameters())
        {
            float[] values = new float[parameter.numel()];
            initialization.FillNormal(values, 0, 0.5);
            using (no_grad()) parameter.copy_(tensor(values, parameter.shape));
        }
        using (no_grad()) scale.fill_(1);
    }

    public int Vocabulary { get; }

    public int Width { get; }

    public Parameter Hidden => hidden;

    public Parameter Bias => bias;

    public Tensor Logits(Tensor tokens)
    {
        Tensor rows = table.index_select(0, tokens.reshape(-1));
        Tensor inner = (F.linear(rows, hidden) + bias).tanh() * scale;
        if (training && _dropout > 0) inner = LlmFineTune.Kernels.Dropout.Apply(inner, _dropout, _random);
        return F.linear(inner, table);
    }

    public nn.Module CreateLike()
    {
        ToyModel like = new(Vocabulary, Width, _dropout);
        like.train(training);
        return like;
    }

    public void Reseed(RandomStream dropout) => _random = dropout;

    /// <summary>All weights in one array.</summary>
    public float[] Values() => named_parameters().SelectMany(named => named.parameter.detach().contiguous().data<float>().ToArray()).ToArray();
}
