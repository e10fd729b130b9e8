using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class UnicodeScriptsPreTokenizer : TextPreTokenizer
{
    // Of spaces and characters without a script.
    private const int AnyScript = 0;

    internal override void Apply(PieceList pieces)
    {
        foreach (var piece in pieces.Pieces)
        {
            if (piece.Token is not null)
                pieces.Add(piece.Start, piece.End, piece.Token);
            else
                Split(pieces, piece);
        }
        pieces.EndStep();
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("UnicodeScripts");
        writer.WriteEndObject();
    }

    // A space goes with whatever script stands before it. As in the reference, spaces that the text begins with belong to no piece.
    private static void Split(PieceList pieces, TextPiece piece)
    {
        var last = AnyScript;
        int? start = null;
        for (var at = piece.Start; at < piece.End;)
        {
            var script = UnicodeProperties.Script(pieces.Text.CodePointAt(at, out var length));
            if (script != AnyScript)
            {
                if (last != script)
                {
                    if (start is { } begun)
                        pieces.Add(begun, at);
                    start = at;
                }
                last = script;
            }
            at += length;
        }
        if (start is { } final)
            pieces.Add(final, piece.End);
    }
}
