using System.Runtime.Intrinsics;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Layer normalisation over dense float32 memory. Mean and deviation of each row are kept for backward, not the normalised rows.</summary>
internal sealed unsafe class LayerNormFunction : autograd.SingleTensorFunction<LayerNormFunction>
{
    private const string RowStatistics = "rows";
    private const string Epsilon = "epsilon";
    private const string Biased = "bias";

    public override string Name => nameof(LayerNormFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (Tensor x, Tensor weight, Tensor? bias, double epsilon) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2], (double)vars[3]);
        int width = checked((int)weight.numel()), rows = checked((int)(x.numel() / width));
        var statistics = new (float Mean, float Scale)[rows];
        Tensor y = empty_like(x);
        float* from = TensorMemory.Pointer<float>(x), to = TensorMemory.Pointer<float>(y), w = TensorMemory.Pointer<float>(weight);
        float* b = bias is null ? null : TensorMemory.Pointer<float>(bias);
        for (int row = 0; row < rows; row++) statistics[row] = Normalize(from + ((long)row * width), w, b, to + ((long)row * width), width, epsilon);
        ctx.save_for_backward([x, weight]);
        ctx.save_data(RowStatistics, statistics);
        ctx.save_data(Epsilon, epsilon);
        ctx.save_data(Biased, bias is not null);
        return y;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor x, Tensor weight) = (saved[0], saved[1]);
        var statistics = ((float Mean, float Scale)[])ctx.get_data(RowStatistics);
        bool biased = (bool)ctx.get_data(Biased);
        if (KernelGradients.NeedDerivatives)
        {
            // The bias does not appear in any gradient but its own, which is the sum of what comes from above.
            double epsilon = (double)ctx.get_data(Epsilon);
            List<Tensor> composed = KernelGradients.Composed(inputs => LayerNormalization.WrittenOut(inputs[0], inputs[1], epsilon), [x, weight], grad_output);
            return [composed[0], composed[1], biased ? grad_output.reshape(-1, weight.size(0)).sum(dim: 0L) : null!, null!];
        }
        int width = checked((int)weight.numel());
        Tensor dense = KernelGradients.Dense(grad_output), dx = empty_like(x), dw = zeros_like(weight);
        Tensor? db = biased ? zeros_like(weight) : null;
        float* source = TensorMemory.Pointer<float>(x), upstream = TensorMemory.Pointer<float>(dense), target = TensorMemory.Pointer<float>(dx);
        float* w = TensorMemory.Pointer<float>(weight), weightGradient = TensorMemory.Pointer<float>(dw), biasGradient = db is null ? null : TensorMemory.Pointer<float>(db);
        for (int row = 0; row < statistics.Length; row++)
        {
            long offset = (long)row * width;
            Gradient(source + offset, upstream + offset, w, statistics[row].Mean, statistics[row].Scale, target + offset, weightGradient, biasGradient, width);
        }
        x.Dispose();
        weight.Dispose();
        dense.Dispose();
        return KernelGradients.HandOver(dx, dw, db, null);
    }

    private static (float Mean, float Scale) Normalize(float* x, float* w, float* b, float* y, int width, double epsilon)
    {
        int vectors = width / Vector512<float>.Count * Vector512<float>.Count;
        Vector512<float> sums = Vector512<float>.Zero;
        for (int i = 0; i < vectors; i += Vector512<float>.Count) sums += Vector512.Load(x + i);
        float sum = Vector512.Sum(sums);
        for (int i = vectors; i < width; i++) sum += x[i];
        float mean = sum / width;

        Vector512<float> means = Vector512.Create(mean), squares = Vector512<float>.Zero;
        for (int i = 0; i < vectors; i += Vector512<float>.Count)
        {
            Vector512<float> centered = Vector512.Load(x + i) - means;
            squares = Vector512.MultiplyAddEstimate(centered, centered, squares);
        }
        float square = Vector512.Sum(squares);
        for (int i = vectors; i < width; i++) square += (x[i] - mean) * (x[i] - mean);
        float scale = (float)(1 / Math.Sqrt((square / width) + epsilon));

        Vector512<float> scales = Vector512.Create(scale);
        for (int i = 0; i < vectors; i += Vector512<float>.Count)
        {
            Vector512<float> normalized = (Vector512.Load(x + i) - means) * scales * Vector512.Load(w + i);
            (b is null ? normalized : normalized + Vector512.Load(b + i)).Store(y + i);
        }
        for (int i = vectors; i < width; i++) y[i] = ((x[i] - mean) * scale * w[i]) + (b is null ? 0 : b[i]);
        return (mean, scale);
    }

    private static void Gradient(float* x, float* upstream, float* w, float mean, float scale, float* dx, float* dw, float* db, int width)
    {
        int vectors = width / Vector512<float>.Count * Vector512<float>.Count;
        Vector512<float> means = Vector512.Create(mean), scales = Vector512.Create(scale);
        Vector512<float> sums = Vector512<float>.Zero, products = Vector512<float>.Zero;
        for (int i = 0; i < vectors; i += Vector512<float>.Count)
        {
            Vector512<float> up = Vector512.Load(upstream + i), normalized = (Vector512.Load(x + i) - means) * scales;
            Vector512.MultiplyAddEstimate(up, normalized, Vector512.Load(dw + i)).Store(dw + i);
            if (db is not null) (Vector512.Load(db + i) + up).Store(db + i);
            up *= Vector512.Load(w + i);
            sums += up;
            products = Vector512.MultiplyAddEstimate(up, normalized, products);
        }
        float sum = Vector512.Sum(sums), product = Vector512.Sum(products);
        for (int i = vectors; i < width; i++)
        {
            float normalized = (x[i] - mean) * scale;
            dw[i] += upstream[i] * normalized;
            if (db is not null) db[i] += upstream[i];
            sum += upstream[i] * w[i];
            product += upstream[i] * w[i] * normalized;
        }
        sum /= width;
        product /= width;
        for (int i = 0; i < vectors; i += Vector512<float>.Count)
        {
            Vector512<float> normalized = (Vector512.Load(x + i) - means) * scales;
            Vector512<float> centered = Vector512.MultiplyAddEstimate(Vector512.Load(upstream + i), Vector512.Load(w + i), Vector512.Create(-sum));
            (Vector512.MultiplyAddEstimate(normalized, Vector512.Create(-product), centered) * scales).Store(dx + i);
        }
        for (int i = vectors; i < width; i++) dx[i] = ((upstream[i] * w[i]) - sum - ((x[i] - mean) * scale * product)) * scale;
    }
}
