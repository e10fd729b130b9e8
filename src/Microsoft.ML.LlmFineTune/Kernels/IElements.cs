using System.Numerics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Numbers that an optimizer's formula is written in, so that one formula runs over vectors of memory and over whole tensors.</summary>
internal interface IElements<TSelf> : IAdditionOperators<TSelf, TSelf, TSelf>, ISubtractionOperators<TSelf, TSelf, TSelf>, IMultiplyOperators<TSelf, TSelf, TSelf>, IDivisionOperators<TSelf, TSelf, TSelf>
    where TSelf : struct, IElements<TSelf>
{
    static abstract TSelf operator +(TSelf left, double right);

    static abstract TSelf operator *(TSelf left, double right);

    /// <summary>The square root of each.</summary>
    static abstract TSelf Root(TSelf value);

    /// <summary>The magnitude of each.</summary>
    static abstract TSelf Magnitude(TSelf value);

    /// <summary>-1, 0 or 1 for each.</summary>
    static abstract TSelf Sign(TSelf value);

    /// <summary>The larger of each pair.</summary>
    static abstract TSelf Larger(TSelf left, TSelf right);
}
