namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>How a recurrent layer makes its next state from the last one and its input.</summary>
public enum RecurrentCell
{
    /// <summary>tanh of the sum of both (Elman, 1990).</summary>
    Tanh,

    /// <summary>The sum of both where it is positive, else 0 (Le, Jaitly, Hinton, 2015).</summary>
    Relu,

    /// <summary>Gated recurrent unit (Cho et al., 2014), in the form whose reset gate acts after the matrix.</summary>
    Gru,

    /// <summary>Long short-term memory (Hochreiter, Schmidhuber, 1997) with a forget gate (Gers et al., 2000).</summary>
    Lstm,
}
