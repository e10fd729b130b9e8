namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>How an optimizer changes weights one by one: a formula, with the numbers of one step as its fields.</summary>
internal interface IUpdateRule
{
    /// <summary>Changes a weight and what is remembered about it.</summary>
    /// <param name="weight">The weight, decoupled decay done.</param>
    /// <param name="gradient">Its gradient, scaled, coupled decay added.</param>
    /// <param name="first">First number remembered; anything where the optimizer has none.</param>
    /// <param name="second">Second one.</param>
    /// <param name="third">Third one.</param>
    void Update<T>(ref T weight, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>;
}
