using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>SentencePiece's table of replacements, as Hugging Face's library applies it.</summary>
internal sealed class PrecompiledNormalizer : TextNormalizer
{
    private readonly string _base64;
    private readonly PrecompiledCharsMap _map;

    public PrecompiledNormalizer(string base64, string path)
    {
        _base64 = base64;
        try
        {
            _map = new PrecompiledCharsMap(Convert.FromBase64String(base64));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            throw new InvalidDataException($"{path} must be a table of replacements in base64: {e.Message}", e);
        }
    }

    /// <summary>The table as a model's file has it.</summary>
    public byte[] CharsMap => Convert.FromBase64String(_base64);

    internal override void Apply(AlignedText text, List<CharacterChange> changes)
    {
        changes.Clear();
        if (_map.Normalize(text.Characters, changes))
            text.Transform(changes);
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Precompiled");
        writer.WriteString("precompiled_charsmap", _base64);
        writer.WriteEndObject();
    }
}
