using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// Filling in place, and random numbers.
public static partial class torch
{
    public partial class Tensor
    {
        public Tensor copy_(Tensor source, bool nonBlocking = false) => Ops.Copy_.InPlace(this, this, source, nonBlocking);
        public Tensor set_(Tensor source) => Ops.Set_SourceTensor.InPlace(this, this, source);
        public Tensor fill_(Scalar value) => Ops.Fill_Scalar.InPlace(this, this, value);
        public Tensor zero_() => Ops.Zero_.InPlace(this, this);
        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) => Ops.Normal_.InPlace(this, this, mean, std, Argument.Maybe(generator));
        public Tensor uniform_(double from, double to, Generator? generator = null) => Ops.Uniform_.InPlace(this, this, from, to, Argument.Maybe(generator));
        public Tensor bernoulli(Generator? generator = null) => Ops.Bernoulli.Call(this, Argument.Maybe(generator));
        public Tensor bernoulli_(Tensor p, Generator? generator = null) => Ops.Bernoulli_Tensor.InPlace(this, this, p, Argument.Maybe(generator));
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Ops.Bernoulli_Float.InPlace(this, this, p, Argument.Maybe(generator));
        public Tensor exponential_(double lambda = 1, Generator? generator = null) => Ops.Exponential_.InPlace(this, this, lambda, Argument.Maybe(generator));
        public Tensor random_(double from, double to, Generator? generator = null) => Ops.Random_From.InPlace(this, this, (long)from, (long)to, Argument.Maybe(generator));
        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null)
        {
            try
            {
                return Ops.Multinomial.Call(this, num_samples, replacement, Argument.Maybe(generator));
            }
            catch (ExternalException e) when (e.Message.StartsWith("invalid multinomial distribution (encountering probability entry < 0)", StringComparison.Ordinal))
            {
                // libtorch 1.13 says this of NaN too, later ones what follows.
                throw new ExternalException("probability tensor contains either `inf`, `nan` or element < 0");
            }
        }
        public Tensor softmax(long dim, ScalarType? dtype = null) => Ops.SoftmaxInt.Call(this, dim, Argument.Maybe(dtype));
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Ops.LogSoftmaxInt.Call(this, dim, Argument.Maybe(dtype));
    }

    public static Tensor bernoulli(Tensor input, Generator? generator = null) => input.bernoulli(generator);
    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator? generator = null) => input.multinomial(num_samples, replacement, generator);
}
