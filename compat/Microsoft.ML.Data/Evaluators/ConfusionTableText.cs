using System.Text;

namespace Microsoft.ML.Data;

/// <summary>The confusion matrix as a table for people; names that are too long for a column are replaced by their index in the header.</summary>
internal static class ConfusionTableText
{
    public static string Of(ConfusionMatrix matrix, string[] names, bool binary)
    {
        int classes = matrix.NumberOfClasses;
        int cell = classes == 2 ? 8 : 5;
        int longest = names.Max(name => name.Length);
        bool numbered = longest > cell;
        int digits = numbered ? (classes - 1).ToString().Length : 0;
        // "PREDICTED" is the narrowest the first column gets.
        int first = Math.Max("PREDICTED".Length, longest + (numbered ? digits + 2 : 0));
        string rule = string.Concat(Enumerable.Repeat(classes > 2 ? "========" : "===========", classes));
        var text = new StringBuilder();

        if (binary)
        {
            double positives = matrix.Counts[0].Sum(), negatives = matrix.Counts[1].Sum();
            text.Append($"TEST {names[0].ToUpper()} RATIO:\t{positives / (positives + negatives):N4} ({positives:F1}/({positives:F1}+{negatives:F1}))");
        }
        text.AppendLine().AppendLine("Confusion table");
        text.AppendLine($"{Blank(first)} ||{rule}");
        text.Append($"{"PREDICTED".PadRight(first)} ||");
        for (int i = 0; i < classes; i++)
            text.Append($" {(numbered ? i.ToString() : names[i]).PadLeft(cell)} |");
        text.AppendLine(" Recall");
        text.AppendLine($"{"TRUTH".PadRight(first)} ||{rule}");
        for (int i = 0; i < classes; i++)
        {
            string name = numbered ? $"{i.ToString().PadLeft(digits)}. {names[i].PadLeft(first - digits - 2)}" : names[i].PadLeft(first);
            text.Append($"{name} ||");
            foreach (double count in matrix.Counts[i])
                text.Append($" {count.ToString("N0").PadLeft(cell)} |");
            text.AppendLine($" {matrix.PerClassRecall[i].ToString("F4").PadLeft(5)}");
        }
        text.AppendLine($"{Blank(first)} ||{rule}");
        text.Append($"{"Precision".PadRight(first)} ||");
        foreach (double precision in matrix.PerClassPrecision)
            text.Append($"{precision.ToString("N4").PadLeft(cell + 1)} |");
        return text.AppendLine().ToString();
    }

    private static string Blank(int width) => new(' ', width);
}
