using System.Globalization;
using System.Text;
using Microsoft.ML.LlmFineTune.Batches;
using Microsoft.ML.LlmFineTune.Evaluation;

namespace Microsoft.ML.LlmFineTune.Training;

/// <summary>A preview of a batch as texts in which the trained tokens are marked.</summary>
internal static class PreviewSection
{
    // Two numbers a row are the first and the last token of an answer.
    private const int LongestSpan = 2;

    /// <summary>The section.</summary>
    /// <param name="title">Its heading.</param>
    /// <param name="preview">The preview.</param>
    /// <param name="decode">Gives the text of a token; null: ids are shown.</param>
    internal static MarkedTextSection Of(string title, BatchPreview preview, Func<int, string>? decode) =>
        new(title, preview.Rows.Select((row, i) => new ReportMarkedText(Caption(row, i, preview, decode), [.. Spans(row, preview, decode)]))) { Note = Note(preview.Kind) };

    private static string Note(PreviewTargets kind) => kind switch
    {
        PreviewTargets.NextToken => "Marked tokens are learnt: the loss looks at how well each is predicted from those before it. The others are only read.",
        PreviewTargets.SameToken => "Marked tokens are learnt: behind each stands what is asked for at its place.",
        PreviewTargets.Row => "Each text is learnt as a whole: its class stands above it.",
        PreviewTargets.Sequence => "Each text is read as a whole: what is asked for stands above it.",
        _ => "The texts have no targets but numbers.",
    };

    private static string Caption(PreviewRow row, int index, BatchPreview preview, Func<int, string>? decode)
    {
        PreviewTargets kind = preview.Kind;
        StringBuilder caption = new();
        caption.Append(CultureInfo.InvariantCulture, $"Row {index + 1}: {row.Tokens.Count + row.TokensBefore + row.TokensAfter} tokens");
        if (row.Padding > 0) caption.Append(CultureInfo.InvariantCulture, $" and {row.Padding} of padding");
        if (kind is PreviewTargets.NextToken or PreviewTargets.SameToken) caption.Append(CultureInfo.InvariantCulture, $", {row.TrainedTokens} learnt");
        if (kind == PreviewTargets.Row) caption.Append(row.Targets.Count > 0 ? $", class {Label(row.Targets[0], preview.Labels)}" : ", no class");
        if (kind == PreviewTargets.Sequence) caption.Append(row.Targets.Count <= LongestSpan ? ", targets " + string.Join(" and ", row.Targets.Select(Id)) : $", to write: {string.Concat(row.Targets.Select((id, i) => Text(id, i == 0, decode)))}");
        if (row.Values.Count > 0) caption.Append(", numbers ").AppendJoin(", ", row.Values.Select((value, i) => row.Values.Count > 1 && row.Values.Count == preview.Labels.Count ? string.Create(CultureInfo.InvariantCulture, $"{preview.Labels[i]} {value}") : value.ToString(CultureInfo.InvariantCulture)));
        return caption.ToString();
    }

    /// <summary>Neighbours that are both learnt, or both not, make one piece; a token that something is asked for has its own.</summary>
    private static IEnumerable<ReportSpan> Spans(PreviewRow row, BatchPreview preview, Func<int, string>? decode)
    {
        if (row.TokensBefore > 0) yield return new ReportSpan(string.Create(CultureInfo.InvariantCulture, $"({row.TokensBefore} tokens more) "));
        StringBuilder piece = new();
        bool marked = false;
        for (int i = 0; i < row.Tokens.Count; i++)
        {
            PreviewToken token = row.Tokens[i];
            bool alone = token.Target is not null;
            if (piece.Length > 0 && (alone || token.Trained != marked))
            {
                yield return new ReportSpan(piece.ToString(), marked);
                piece.Clear();
            }
            marked = token.Trained;
            string text = Text(token.Id, i == 0, decode);
            if (alone) yield return new ReportSpan(text, true, preview.Kind == PreviewTargets.SameToken ? Asked(row, token, preview.Labels, decode) : null);
            else piece.Append(text);
        }
        if (piece.Length > 0) yield return new ReportSpan(piece.ToString(), marked);
        if (row.TokensAfter > 0) yield return new ReportSpan(string.Create(CultureInfo.InvariantCulture, $" ({row.TokensAfter} tokens more)"));
    }

    /// <summary>A label's name, where there are names; else few different numbers from 0 on are labels, which have no text, and others are tokens.</summary>
    private static string Asked(PreviewRow row, PreviewToken token, IReadOnlyList<string> labels, Func<int, string>? decode) =>
        labels.Count > 0 ? Label(token.Target!.Value, labels) : row.TrainedTokens > row.Tokens.Count / 2 ? Id(token.Target!.Value) : Text(token.Target!.Value, true, decode);

    private static string Text(long id, bool first, Func<int, string>? decode) => decode is null ? (first ? "" : " ") + Id(id) : decode(checked((int)id));

    private static string Label(long target, IReadOnlyList<string> labels) => target >= 0 && target < labels.Count ? labels[(int)target] : Id(target);

    private static string Id(long id) => id.ToString(CultureInfo.InvariantCulture);
}
