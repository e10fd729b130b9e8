using System.Runtime.InteropServices;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Tests.Platform.TorchSharp;

/// <summary>What mapped weights rely on: a file as a tensor, copied where it is written to.</summary>
public sealed class MappedFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    // A name as people give them, which libtorch gets as UTF-8.
    private string FilePath => Path.Combine(_folder, "Größe 1.bin");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_a_tensor_of_any_type()
    {
        File.WriteAllBytes(FilePath, [.. MemoryMarshal.AsBytes<float>([1, -2, 3.5f]), 7, 8]);
        using Tensor floats = from_file(FilePath, shared: false, size: 3, dtype: float32), shorts = from_file(FilePath, size: 7, dtype: int16), first = from_file(FilePath, size: 1);
        Assert.Equal([1f, -2f, 3.5f], floats.data<float>().ToArray());
        Assert.Equal(0x0807, shorts.data<short>().ToArray()[6]);
        Assert.Equal((float32, 1f), (first.dtype, first.item<float>()));
        Assert.False(floats.requires_grad);
        using Tensor trained = from_file(FilePath, size: 1, requires_grad: true);
        Assert.True(trained.requires_grad);
    }

    [Fact]
    public void What_is_written_stays_in_the_process_unless_it_is_shared()
    {
        byte[] before = [.. MemoryMarshal.AsBytes<float>([1, 2, 3])];
        File.WriteAllBytes(FilePath, before);
        using Tensor copied = from_file(FilePath, size: 3, dtype: float32);
        copied.mul_(2);
        Assert.Equal([2f, 4f, 6f], copied.data<float>().ToArray());
        Assert.Equal(before, File.ReadAllBytes(FilePath));

        using (Tensor shared = from_file(FilePath, shared: true, size: 3, dtype: float32)) shared.mul_(3);
        Assert.Equal(MemoryMarshal.AsBytes<float>([3, 6, 9]).ToArray(), File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void Views_keep_the_file_mapped_and_see_what_it_held_when_another_takes_its_name()
    {
        File.WriteAllBytes(FilePath, [.. MemoryMarshal.AsBytes<float>([1, 2, 3, 4])]);
        Tensor all = from_file(FilePath, size: 4, dtype: float32);
        using Tensor view = all.narrow(0, 2, 2);
        all.Dispose();
        File.WriteAllBytes(FilePath + "2", [.. MemoryMarshal.AsBytes<float>([5, 6, 7, 8])]);
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows doesn't let a file take the name of one that is mapped.");
        File.Move(FilePath + "2", FilePath, overwrite: true);
        Assert.Equal([3f, 4f], view.data<float>().ToArray());
    }

    [Fact]
    public void A_file_that_is_missing_or_too_short_is_refused()
    {
        string missing = Assert.Throws<ExternalException>(() => from_file(FilePath, size: 1)).Message;
        Assert.Contains(FilePath, missing, StringComparison.Ordinal);
        File.WriteAllBytes(FilePath, new byte[10]);
        Assert.Contains("smaller", Assert.Throws<ExternalException>(() => from_file(FilePath, size: 3, dtype: float32)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => from_file(null!));
    }

    [Fact]
    public void Without_a_size_it_is_empty()
    {
        File.WriteAllBytes(FilePath, new byte[8]);
        foreach (long? size in (long?[])[0, null, -1])
        {
            using Tensor none = from_file(FilePath, size: size);
            Assert.Equal([0L], none.shape);
        }
    }
}
