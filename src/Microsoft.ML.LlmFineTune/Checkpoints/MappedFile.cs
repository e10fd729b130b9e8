using System.Runtime.InteropServices;
using Microsoft.ML.LlmFineTune.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>A safetensors file as flat tensors, one a type of elements, in memory that the system fills from the file as it is needed. Views of them outlive this.</summary>
internal sealed class MappedFile : IDisposable
{
    private readonly SafeTensorsFile _file;
    private readonly Dictionary<ScalarType, Tensor> _flat = [];

    /// <param name="file">The file; its header is checked.</param>
    public MappedFile(SafeTensorsFile file) => _file = file;

    /// <summary>Whether a tensor of the file can be such a view: it begins at a whole number of its elements, which the header's length decides.</summary>
    public bool Holds(SafeTensorsEntry entry) => entry.ByteCount > 0 && PlaceOf(entry) % SafeTensorsTypes.BytesOf(entry.Type) == 0;

    /// <summary>A tensor of the file: what is written to it is copied and stays in this process.</summary>
    /// <param name="entry">One that <see cref="Holds"/> is true of.</param>
    /// <exception cref="IOException">The system does not map the file, or another file has its name by now.</exception>
    public Tensor View(SafeTensorsEntry entry)
    {
        if (!_flat.TryGetValue(entry.Type, out Tensor? flat)) _flat.Add(entry.Type, flat = Map(entry.Type));
        int bytes = SafeTensorsTypes.BytesOf(entry.Type);
        using Tensor range = flat.narrow(0, PlaceOf(entry) / bytes, entry.ByteCount / bytes);
        return range.view([.. entry.Shape]);
    }

    public void Dispose()
    {
        foreach (Tensor flat in _flat.Values) flat.Dispose();
    }

    private long PlaceOf(SafeTensorsEntry entry) => _file.Header.DataStart + entry.Begin;

    private unsafe Tensor Map(ScalarType type)
    {
        Tensor flat;
        try
        {
            flat = from_file(_file.Path, shared: false, size: (_file.Header.DataStart + _file.Header.DataLength) / SafeTensorsTypes.BytesOf(type), dtype: type, device: CPU);
        }
        catch (ExternalException error)
        {
            throw new IOException($"'{_file.Path}' could not be mapped into memory ({ShortList.Cut(error.Message.Split('\n')[0])}). Read it with {nameof(WeightLoading)}.{nameof(WeightLoading.Copied)}.", error);
        }
        // It was opened by name once more: only the file whose header was checked will do.
        if (_file.BeginsWith(TensorMemory.Pointer<byte>(flat), _file.Header.DataStart)) return flat;
        flat.Dispose();
        throw new IOException($"Another file took the place of '{_file.Path}' while it was being read. Load the folder again when it is complete.");
    }
}
