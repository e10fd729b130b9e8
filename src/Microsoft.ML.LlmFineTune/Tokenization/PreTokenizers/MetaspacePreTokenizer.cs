using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : TextPreTokenizer
{
    private readonly TextPattern _replacement = TextPattern.OfLiteral(replacement.ToString());

    internal override void Apply(PieceList pieces)
    {
        foreach (var piece in pieces.Pieces)
        {
            if (piece.Token is null)
                pieces.Text.MutableCharacters[piece.Start..piece.End].Replace(' ', replacement);
        }
        if (scheme == PrependScheme.Always)
            pieces.PrependWhereAbsent(replacement);
        else if (scheme == PrependScheme.First)
            pieces.PrependWhereAbsent(replacement, static source => source == 0);
        if (split)
            pieces.Split(_replacement, invert: false, SplitBehavior.MergedWithNext);
        else
            pieces.LeaveOutEmpty();
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("Metaspace");
        writer.WriteString("replacement", replacement.ToString());
        writer.WriteString("prepend_scheme", scheme.ToString().ToLowerInvariant());
        writer.WriteBoolean("split", split);
        writer.WriteEndObject();
    }
}
