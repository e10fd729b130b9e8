using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp;

public static class TensorExtensionMethods
{
    private const string SameModel = "Make sure that the model you are loading into is exactly the same as the origin.";

    public static Parameter AsParameter(this Tensor tensor) => new(tensor);

    public static float ToSingle(this Tensor value) => value.ToScalar().ToSingle();
    public static double ToDouble(this Tensor value) => value.ToScalar().ToDouble();
    public static long ToInt64(this Tensor value) => value.ToScalar().ToInt64();
    public static int ToInt32(this Tensor value) => value.ToScalar().ToInt32();
    public static bool ToBoolean(this Tensor value) => value.ToScalar().ToBoolean();

    public static void Save(this Tensor tensor, BinaryWriter writer)
    {
        using var copy = tensor.is_cpu() ? null : tensor.cpu();
        var source = copy ?? tensor;
        writer.Encode((long)source.dtype);
        var shape = source.shape;
        writer.Encode(shape.Length);
        foreach (var s in shape) writer.Encode(s);
        source.WriteBytesToStream(writer.BaseStream);
    }

    public static void Load(this Tensor tensor, BinaryReader reader, bool skip = false)
    {
        var (type, shape) = ReadHeader(reader);
        if (type != tensor.dtype) throw new ArgumentException("Mismatched tensor data types while loading. " + SameModel);
        ReadInto(tensor, shape, reader, skip);
    }

    public static Tensor Load(BinaryReader reader, bool skip = false)
    {
        Tensor? t = null;
        Load(ref t, reader, skip);
        return t!;
    }

    public static void Load(ref Tensor? tensor, BinaryReader reader, bool skip = false)
    {
        var (type, shape) = ReadHeader(reader);
        tensor ??= zeros(shape, type);
        ReadInto(tensor, shape, reader, skip);
    }

    private static (ScalarType, long[]) ReadHeader(BinaryReader reader)
    {
        var type = (ScalarType)reader.Decode();
        var shape = new long[reader.Decode()];
        for (var d = 0; d < shape.Length; d++) shape[d] = reader.Decode();
        return (type, shape);
    }

    private static void ReadInto(Tensor tensor, long[] shape, BinaryReader reader, bool skip)
    {
        if (skip)
        {
            reader.BaseStream.Seek(tensor.NumberOfElements * tensor.ElementSize, SeekOrigin.Current);
            return;
        }
        if (!shape.AsSpan().SequenceEqual(tensor.shape)) throw new ArgumentException("Mismatched tensor shape while loading. " + SameModel);
        if (tensor.is_cpu())
        {
            tensor.ReadBytesFromStream(reader.BaseStream);
            return;
        }
        using var still = no_grad();
        using var staged = zeros_like(tensor, device: CPU);
        staged.ReadBytesFromStream(reader.BaseStream);
        tensor.copy_(staged);
    }
}
