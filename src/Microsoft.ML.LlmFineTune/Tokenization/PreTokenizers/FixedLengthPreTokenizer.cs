using System.Text.Json;

namespace Microsoft.ML.LlmFineTune.Tokenization;

internal sealed class FixedLengthPreTokenizer(int length) : TextPreTokenizer
{
    internal override void Apply(PieceList pieces)
    {
        foreach (var piece in pieces.Pieces)
        {
            if (piece.Token is not null)
            {
                pieces.Add(piece.Start, piece.End, piece.Token);
                continue;
            }
            var (start, characters) = (piece.Start, 0);
            for (var at = piece.Start; at < piece.End;)
            {
                pieces.Text.CodePointAt(at, out var units);
                at += units;
                if (++characters == length)
                {
                    pieces.Add(start, at);
                    (start, characters) = (at, 0);
                }
            }
            pieces.Add(start, piece.End);
        }
        pieces.EndStep();
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        writer.Begin("FixedLength");
        writer.WriteNumber("length", length);
        writer.WriteEndObject();
    }
}
