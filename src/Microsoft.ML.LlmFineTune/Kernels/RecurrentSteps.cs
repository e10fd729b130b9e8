using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>One step of one row of a recurrent cell, and its gradient. All pointers are to rows of width elements, gates side by side.</summary>
internal unsafe interface IRecurrentStep
{
    /// <summary>How many times the width are kept for backward besides states and memories.</summary>
    static abstract int Kept { get; }

    /// <summary>Whether the gates' gradient is another for the input's part than for the state's.</summary>
    static abstract bool SplitsGradients { get; }

    /// <summary>Takes the step.</summary>
    /// <param name="input">The input's part of the gates.</param>
    /// <param name="product">The last state's part.</param>
    /// <param name="before">The last state.</param>
    /// <param name="memoryBefore">The last memory.</param>
    /// <param name="kept">What backward will want.</param>
    /// <param name="after">Receives the state.</param>
    /// <param name="memoryAfter">Receives the memory.</param>
    /// <param name="width">Size of the state.</param>
    static abstract void Forward(float* input, float* product, float* before, float* memoryBefore, float* kept, float* after, float* memoryAfter, int width);

    /// <summary>Takes the step's gradient.</summary>
    /// <param name="gradient">Of the new state.</param>
    /// <param name="memoryGradient">Of the new memory; receives that of the last one.</param>
    /// <param name="kept">What forward kept.</param>
    /// <param name="before">The last state.</param>
    /// <param name="memoryBefore">The last memory.</param>
    /// <param name="after">The new state.</param>
    /// <param name="memoryAfter">The new memory.</param>
    /// <param name="input">Receives the gradient of the input's part.</param>
    /// <param name="product">Receives the gradient of the state's part; the same place where they are one.</param>
    /// <param name="passed">Receives what reaches the last state past the gates.</param>
    /// <param name="width">Size of the state.</param>
    static abstract void Backward(float* gradient, float* memoryGradient, float* kept, float* before, float* memoryBefore, float* after, float* memoryAfter, float* input, float* product, float* passed, int width);
}

/// <summary>tanh(input + product).</summary>
internal readonly unsafe struct TanhStep : IRecurrentStep
{
    public static int Kept => 0;

    public static bool SplitsGradients => false;

    public static void Forward(float* input, float* product, float* before, float* memoryBefore, float* kept, float* after, float* memoryAfter, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count) Lanes.Store(VectorMath.Tanh(Lanes.Load(input + i, width - i) + Lanes.Load(product + i, width - i)), after + i, width - i);
    }

    public static void Backward(float* gradient, float* memoryGradient, float* kept, float* before, float* memoryBefore, float* after, float* memoryAfter, float* input, float* product, float* passed, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count)
        {
            Vector512<float> state = Lanes.Load(after + i, width - i);
            Lanes.Store(Lanes.Load(gradient + i, width - i) * (Vector512<float>.One - (state * state)), input + i, width - i);
            Lanes.Store(Vector512<float>.Zero, passed + i, width - i);
        }
    }
}

/// <summary>max(0, input + product).</summary>
internal readonly unsafe struct ReluStep : IRecurrentStep
{
    public static int Kept => 0;

    public static bool SplitsGradients => false;

    public static void Forward(float* input, float* product, float* before, float* memoryBefore, float* kept, float* after, float* memoryAfter, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count) Lanes.Store(Vector512.Max(Lanes.Load(input + i, width - i) + Lanes.Load(product + i, width - i), Vector512<float>.Zero), after + i, width - i);
    }

    public static void Backward(float* gradient, float* memoryGradient, float* kept, float* before, float* memoryBefore, float* after, float* memoryAfter, float* input, float* product, float* passed, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count)
        {
            Vector512<float> open = Vector512.GreaterThan(Lanes.Load(after + i, width - i), Vector512<float>.Zero);
            Lanes.Store(Lanes.Load(gradient + i, width - i) & open, input + i, width - i);
            Lanes.Store(Vector512<float>.Zero, passed + i, width - i);
        }
    }
}

/// <summary>r = sigma, z = sigma, n = tanh(input + r * product), state = n + z * (last state - n). Kept: r, z, n, and the product that r scales.</summary>
internal readonly unsafe struct GruStep : IRecurrentStep
{
    public static int Kept => 4;

    public static bool SplitsGradients => true;

    public static void Forward(float* input, float* product, float* before, float* memoryBefore, float* kept, float* after, float* memoryAfter, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count)
        {
            int left = width - i;
            Vector512<float> reset = VectorMath.Sigmoid(Lanes.Load(input + i, left) + Lanes.Load(product + i, left));
            Vector512<float> update = VectorMath.Sigmoid(Lanes.Load(input + width + i, left) + Lanes.Load(product + width + i, left));
            Vector512<float> scaled = Lanes.Load(product + (2 * width) + i, left);
            Vector512<float> candidate = VectorMath.Tanh(Lanes.Load(input + (2 * width) + i, left) + (reset * scaled));
            Lanes.Store(candidate + (update * (Lanes.Load(before + i, left) - candidate)), after + i, left);
            Lanes.Store(reset, kept + i, left);
            Lanes.Store(update, kept + width + i, left);
            Lanes.Store(candidate, kept + (2 * width) + i, left);
            Lanes.Store(scaled, kept + (3 * width) + i, left);
        }
    }

    public static void Backward(float* gradient, float* memoryGradient, float* kept, float* before, float* memoryBefore, float* after, float* memoryAfter, float* input, float* product, float* passed, int width)
    {
        Vector512<float> one = Vector512<float>.One;
        for (int i = 0; i < width; i += Lanes.Count)
        {
            int left = width - i;
            Vector512<float> above = Lanes.Load(gradient + i, left);
            Vector512<float> reset = Lanes.Load(kept + i, left), update = Lanes.Load(kept + width + i, left), candidate = Lanes.Load(kept + (2 * width) + i, left);
            Vector512<float> ofUpdate = above * (Lanes.Load(before + i, left) - candidate) * update * (one - update);
            Vector512<float> ofCandidate = above * (one - update) * (one - (candidate * candidate));
            Vector512<float> ofReset = ofCandidate * Lanes.Load(kept + (3 * width) + i, left) * reset * (one - reset);
            Lanes.Store(above * update, passed + i, left);
            Lanes.Store(ofReset, input + i, left);
            Lanes.Store(ofReset, product + i, left);
            Lanes.Store(ofUpdate, input + width + i, left);
            Lanes.Store(ofUpdate, product + width + i, left);
            Lanes.Store(ofCandidate, input + (2 * width) + i, left);
            Lanes.Store(ofCandidate * reset, product + (2 * width) + i, left);
        }
    }
}

/// <summary>i = sigma, f = sigma, g = tanh, o = sigma of the sums; memory = f * last memory + i * g, state = o * tanh(memory). Kept: i, f, g, o.</summary>
internal readonly unsafe struct LstmStep : IRecurrentStep
{
    public static int Kept => 4;

    public static bool SplitsGradients => false;

    public static void Forward(float* input, float* product, float* before, float* memoryBefore, float* kept, float* after, float* memoryAfter, int width)
    {
        for (int i = 0; i < width; i += Lanes.Count)
        {
            int left = width - i;
            Vector512<float> entry = VectorMath.Sigmoid(Lanes.Load(input + i, left) + Lanes.Load(product + i, left));
            Vector512<float> forget = VectorMath.Sigmoid(Lanes.Load(input + width + i, left) + Lanes.Load(product + width + i, left));
            Vector512<float> candidate = VectorMath.Tanh(Lanes.Load(input + (2 * width) + i, left) + Lanes.Load(product + (2 * width) + i, left));
            Vector512<float> exit = VectorMath.Sigmoid(Lanes.Load(input + (3 * width) + i, left) + Lanes.Load(product + (3 * width) + i, left));
            Vector512<float> memory = (forget * Lanes.Load(memoryBefore + i, left)) + (entry * candidate);
            Lanes.Store(memory, memoryAfter + i, left);
            Lanes.Store(exit * VectorMath.Tanh(memory), after + i, left);
            Lanes.Store(entry, kept + i, left);
            Lanes.Store(forget, kept + width + i, left);
            Lanes.Store(candidate, kept + (2 * width) + i, left);
            Lanes.Store(exit, kept + (3 * width) + i, left);
        }
    }

    public static void Backward(float* gradient, float* memoryGradient, float* kept, float* before, float* memoryBefore, float* after, float* memoryAfter, float* input, float* product, float* passed, int width)
    {
        Vector512<float> one = Vector512<float>.One;
        for (int i = 0; i < width; i += Lanes.Count)
        {
            int left = width - i;
            Vector512<float> above = Lanes.Load(gradient + i, left);
            Vector512<float> entry = Lanes.Load(kept + i, left), forget = Lanes.Load(kept + width + i, left), candidate = Lanes.Load(kept + (2 * width) + i, left), exit = Lanes.Load(kept + (3 * width) + i, left);
            Vector512<float> bounded = VectorMath.Tanh(Lanes.Load(memoryAfter + i, left));
            Vector512<float> ofMemory = Lanes.Load(memoryGradient + i, left) + (above * exit * (one - (bounded * bounded)));
            Lanes.Store(ofMemory * candidate * entry * (one - entry), input + i, left);
            Lanes.Store(ofMemory * Lanes.Load(memoryBefore + i, left) * forget * (one - forget), input + width + i, left);
            Lanes.Store(ofMemory * entry * (one - (candidate * candidate)), input + (2 * width) + i, left);
            Lanes.Store(above * bounded * exit * (one - exit), input + (3 * width) + i, left);
            Lanes.Store(ofMemory * forget, memoryGradient + i, left);
            Lanes.Store(Vector512<float>.Zero, passed + i, left);
        }
    }
}
