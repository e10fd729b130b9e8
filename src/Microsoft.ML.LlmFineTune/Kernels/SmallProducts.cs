using System.Runtime.Intrinsics;

namespace Microsoft.ML.LlmFineTune.Kernels;

/// <summary>Matrix products too small for a BLAS call to pay: everything stays in registers and the first-level cache.</summary>
internal static unsafe class SmallProducts
{
    /// <summary>Columns come in multiples of this.</summary>
    public static int Lanes => Vector512<float>.Count;

    /// <summary>C[row, column] = sum over steps of A(row, step) B[step, column], or added to C.</summary>
    /// <param name="a">A(row, step) = a[row * rowStride + step * stepStride], so that A may lie transposed.</param>
    /// <param name="rowStride">Distance of A's rows.</param>
    /// <param name="stepStride">Distance of A's steps.</param>
    /// <param name="b">B, dense within a row.</param>
    /// <param name="bStride">Distance of B's rows.</param>
    /// <param name="c">C, dense within a row.</param>
    /// <param name="cStride">Distance of C's rows.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="steps">Terms of each sum.</param>
    /// <param name="columns">Columns of B and C: a multiple of <see cref="Lanes"/>.</param>
    /// <param name="add">Whether C is added to.</param>
    public static void Multiply(float* a, nint rowStride, nint stepStride, float* b, nint bStride, float* c, nint cStride, int rows, int steps, int columns, bool add)
    {
        int column = 0;
        for (; column <= columns - (2 * Lanes); column += 2 * Lanes)
        {
            int row = 0;
            for (; row <= rows - 4; row += 4) FourByTwo(a + (row * rowStride), rowStride, stepStride, b + column, bStride, c + (row * cStride) + column, cStride, steps, add);
            for (; row < rows; row++)
            {
                OneByOne(a + (row * rowStride), stepStride, b + column, bStride, c + (row * cStride) + column, steps, add);
                OneByOne(a + (row * rowStride), stepStride, b + column + Lanes, bStride, c + (row * cStride) + column + Lanes, steps, add);
            }
        }
        if (column == columns) return;
        int last = 0;
        for (; last <= rows - 4; last += 4) FourByOne(a + (last * rowStride), rowStride, stepStride, b + column, bStride, c + (last * cStride) + column, cStride, steps, add);
        for (; last < rows; last++) OneByOne(a + (last * rowStride), stepStride, b + column, bStride, c + (last * cStride) + column, steps, add);
    }

    // Eight sums at a time hide the latency of multiply-add.
    private static void FourByTwo(float* a, nint rowStride, nint stepStride, float* b, nint bStride, float* c, nint cStride, int steps, bool add)
    {
        float* c1 = c + cStride, c2 = c1 + cStride, c3 = c2 + cStride;
        Vector512<float> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
        if (add)
        {
            (s00, s01) = (Vector512.Load(c), Vector512.Load(c + Vector512<float>.Count));
            (s10, s11) = (Vector512.Load(c1), Vector512.Load(c1 + Vector512<float>.Count));
            (s20, s21) = (Vector512.Load(c2), Vector512.Load(c2 + Vector512<float>.Count));
            (s30, s31) = (Vector512.Load(c3), Vector512.Load(c3 + Vector512<float>.Count));
        }
        float* a1 = a + rowStride, a2 = a1 + rowStride, a3 = a2 + rowStride;
        for (int step = 0; step < steps; step++)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + Vector512<float>.Count);
            Vector512<float> x = Vector512.Create(*a);
            s00 = Vector512.MultiplyAddEstimate(x, b0, s00);
            s01 = Vector512.MultiplyAddEstimate(x, b1, s01);
            x = Vector512.Create(*a1);
            s10 = Vector512.MultiplyAddEstimate(x, b0, s10);
            s11 = Vector512.MultiplyAddEstimate(x, b1, s11);
            x = Vector512.Create(*a2);
            s20 = Vector512.MultiplyAddEstimate(x, b0, s20);
            s21 = Vector512.MultiplyAddEstimate(x, b1, s21);
            x = Vector512.Create(*a3);
            s30 = Vector512.MultiplyAddEstimate(x, b0, s30);
            s31 = Vector512.MultiplyAddEstimate(x, b1, s31);
            a += stepStride;
            a1 += stepStride;
            a2 += stepStride;
            a3 += stepStride;
            b += bStride;
        }
        s00.Store(c);
        s01.Store(c + Vector512<float>.Count);
        s10.Store(c1);
        s11.Store(c1 + Vector512<float>.Count);
        s20.Store(c2);
        s21.Store(c2 + Vector512<float>.Count);
        s30.Store(c3);
        s31.Store(c3 + Vector512<float>.Count);
    }

    private static void FourByOne(float* a, nint rowStride, nint stepStride, float* b, nint bStride, float* c, nint cStride, int steps, bool add)
    {
        float* c1 = c + cStride, c2 = c1 + cStride, c3 = c2 + cStride;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        if (add) (s0, s1, s2, s3) = (Vector512.Load(c), Vector512.Load(c1), Vector512.Load(c2), Vector512.Load(c3));
        float* a1 = a + rowStride, a2 = a1 + rowStride, a3 = a2 + rowStride;
        for (nint step = 0; step < steps; step++, b += bStride)
        {
            Vector512<float> b0 = Vector512.Load(b);
            s0 = Vector512.MultiplyAddEstimate(Vector512.Create(a[step * stepStride]), b0, s0);
            s1 = Vector512.MultiplyAddEstimate(Vector512.Create(a1[step * stepStride]), b0, s1);
            s2 = Vector512.MultiplyAddEstimate(Vector512.Create(a2[step * stepStride]), b0, s2);
            s3 = Vector512.MultiplyAddEstimate(Vector512.Create(a3[step * stepStride]), b0, s3);
        }
        s0.Store(c);
        s1.Store(c1);
        s2.Store(c2);
        s3.Store(c3);
    }

    private static void OneByOne(float* a, nint stepStride, float* b, nint bStride, float* c, int steps, bool add)
    {
        Vector512<float> sum = add ? Vector512.Load(c) : default;
        for (nint step = 0; step < steps; step++, b += bStride) sum = Vector512.MultiplyAddEstimate(Vector512.Create(a[step * stepStride]), Vector512.Load(b), sum);
        sum.Store(c);
    }
}
