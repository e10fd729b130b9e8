namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>numpy's draws of booleans: the bits of 32-bit numbers, lowest first.</summary>
internal sealed class RandomBits(Pcg64 random)
{
    private uint _bits;
    private int _left;

    public bool Next()
    {
        if (_left == 0) (_bits, _left) = (random.NextUInt32(), 32);
        bool bit = (_bits & 1) == 1;
        _bits >>= 1;
        _left--;
        return bit;
    }
}
