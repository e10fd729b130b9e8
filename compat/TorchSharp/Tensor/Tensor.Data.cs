using TorchSharp.Native;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private const string OnlyProcessor = "Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.";

        /// <summary>The address of the first element. The tensor has to be kept alive while it is used.</summary>
        internal nint Address => numel() == 0 ? 0 : Shim.Check(Shim.llm_data(Handle));

        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            RequireType(typeof(T));
            return new TensorAccessor<T>(is_cpu() ? this : cpu());
        }

        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1) throw new ArgumentException("Number of elements in the tensor must be 1");
            return data<T>()[0];
        }

        public Scalar ToScalar()
        {
            var number = Ops.Item.CallNumber(this);
            return number.Tag switch
            {
                Tag.Double => new Scalar(BitConverter.Int64BitsToDouble(number.Bits)),
                Tag.Bool => new Scalar(number.Bits != 0),
                _ => new Scalar(number.Bits),
            };
        }

        internal void RequireType(Type type)
        {
            var own = dtype;
            if (own != TypeOf(type)) throw new ArgumentException($"{type.Name} is not compatible with {own}");
        }

        public double ReadCpuDouble(long i) => ReadCpuValue<double>(i);
        public float ReadCpuSingle(long i) => ReadCpuValue<float>(i);
        public long ReadCpuInt64(long i) => ReadCpuValue<long>(i);
        public int ReadCpuInt32(long i) => ReadCpuValue<int>(i);
        public T ReadCpuValue<T>(long i) where T : unmanaged
        {
            if (!is_cpu()) throw new InvalidOperationException(OnlyProcessor);
            RequireType(typeof(T));
            return new TensorAccessor<T>(this)[i];
        }

        /// <summary>The memory of a contiguous tensor on the processor.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                var total = NumberOfElements * ElementSize;
                RequireBytes(total);
                return new Span<byte>((void*)Address, (int)total);
            }
            set
            {
                var total = NumberOfElements * ElementSize;
                if (!is_contiguous()) throw new InvalidOperationException("SetBytes() called on non-contiguous tensor.");
                if (total != value.Length) throw new ArgumentException("Mismatched data sizes in SetBytes().");
                value.CopyTo(new Span<byte>((void*)Address, value.Length));
            }
        }

        public unsafe void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            RequireBytes(0);
            var total = NumberOfElements * ElementSize;
            for (long done = 0, part; done < total; done += part)
            {
                part = Math.Min(total - done, bufferSize);
                stream.Write(new ReadOnlySpan<byte>((byte*)Address + done, (int)part));
            }
            GC.KeepAlive(this);
        }

        public unsafe void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            RequireBytes(0);
            var total = NumberOfElements * ElementSize;
            for (long done = 0, part; done < total; done += part)
            {
                part = stream.Read(new Span<byte>((byte*)Address + done, (int)Math.Min(total - done, bufferSize)));
                if (part == 0) throw new EndOfStreamException();
            }
            GC.KeepAlive(this);
        }

        private void RequireBytes(long total)
        {
            if (!is_contiguous()) throw new InvalidOperationException("Bytes() called on non-contiguous tensor.");
            if (total > int.MaxValue) throw new ArgumentException("Span only supports up to int.MaxValue elements.");
            if (!is_cpu()) throw new InvalidOperationException(OnlyProcessor);
        }
    }
}
