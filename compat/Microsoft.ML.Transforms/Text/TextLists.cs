using System.Runtime.InteropServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Text;

internal static class TextLists
{
    public static void CopyTo(List<ReadOnlyMemory<char>> texts, ref VBuffer<ReadOnlyMemory<char>> vector)
    {
        var editor = VBufferEditor.Create(ref vector, texts.Count);
        CollectionsMarshal.AsSpan(texts).CopyTo(editor.Values);
        vector = editor.Commit();
    }
}
