using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers on the processor, whatever device it is asked for.</summary>
    public class Generator : IDisposable
    {
        private nint _handle;

        public Generator(ulong seed = 0, Device? device = null) : this(Shim.Check(Shim.llm_generator(0, (long)seed))) => this.device = device ?? CPU;
        private Generator(nint handle) => (_handle, device) = (handle, CPU);
        ~Generator() => Dispose(false);

        public static Generator Default => new(Shim.Check(Shim.llm_generator(1, 0)));

        public nint Handle => _handle;
        public Device device { get; }

        public long initial_seed() => Shim.llm_generator_seed(_handle);

        public long seed()
        {
            var seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public Generator manual_seed(long seed)
        {
            Shim.llm_generator_set_seed(_handle, seed);
            return this;
        }

        public Tensor get_state() => new(Shim.Check(Shim.llm_generator_state(_handle)));
        public void set_state(Tensor value) => Shim.Check(Shim.llm_generator_set_state(_handle, value.Handle));

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0) Shim.llm_generator_release(handle);
        }
    }

    public static Generator manual_seed(long seed) => random.manual_seed(seed);
    public static long initial_seed() => random.initial_seed();
    public static Tensor get_rng_state() => random.get_rng_state();
    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    public static class random
    {
        public static Generator manual_seed(long seed)
        {
            Shim.Check(Shim.llm_manual_seed(seed));
            return Generator.Default;
        }
        public static long initial_seed() => Generator.Default.initial_seed();
        public static long seed() => Generator.Default.seed();
        public static Tensor get_rng_state() => Generator.Default.get_state();
        public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);
    }
}
