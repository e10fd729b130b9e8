using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How lines fall into fields: the checked part of a loader's options.</summary>
internal sealed class TextFormat
{
    public readonly char[] Separators;
    public readonly char EscapeChar;
    public readonly char DecimalMarker;
    public readonly bool Quoting;
    public readonly bool Sparse;
    public readonly bool HasHeader;
    public readonly bool Multiline;
    public readonly bool Trim;
    public readonly bool MissingRealsAsNaNs;
    public readonly bool UseThreads;
    public readonly long MaxRows;
    public readonly int InputSize;

    public TextFormat(IExceptionContext ctx, TextLoader.Options options)
    {
        Quoting = options.AllowQuoting;
        Sparse = options.AllowSparse;
        HasHeader = options.HasHeader && string.IsNullOrWhiteSpace(options.HeaderFile);
        Multiline = options.ReadMultilines && options.AllowQuoting;
        Trim = options.TrimWhitespace;
        MissingRealsAsNaNs = options.MissingRealsAsNaNs;
        UseThreads = options.UseThreads;
        MaxRows = options.MaxRows ?? long.MaxValue;
        ctx.CheckUserArg(MaxRows >= 0, nameof(options.MaxRows));
        InputSize = Math.Min(options.InputSize ?? 0, TextColumnSource.End - 1);
        ctx.Check(InputSize >= 0, "inputSize");

        Separators = options.Separators.Distinct().ToArray();
        ctx.CheckNonEmpty(Separators, "Separator", "Must specify a separator");
        foreach (char separator in Separators)
        {
            if (separator == '\t')
                continue;
            ctx.CheckUserArg(separator >= ' ' && separator != '"' && !char.IsAsciiDigit(separator), "Separator", $"Illegal separator: '{separator}'");
            ctx.CheckUserArg(separator != ':' || !Sparse, "Separator", "When the separator is colon, turn off allowSparse");
        }
        DecimalMarker = options.DecimalMarker;
        ctx.CheckUserArg(DecimalMarker is '.' or ',', nameof(options.DecimalMarker), $"Decimal marker cannot be the '{DecimalMarker}' character. It must be '.' or ','.");
        ctx.CheckUserArg(Quoting || DecimalMarker != ',' || !Separators.Contains(','), nameof(options.AllowQuoting), "Quoting must be allowed if decimal marker and separator are the ',' character.");
        EscapeChar = options.EscapeChar;
        ctx.CheckUserArg(!Separators.Contains(EscapeChar), nameof(options.EscapeChar), $"EscapeChar '{EscapeChar}' can't be used both as EscapeChar and separator");
    }

    public bool IsSeparator(char unit) => Array.IndexOf(Separators, unit) >= 0;

    /// <summary>Blanks before a field don't count, unless they separate.</summary>
    public bool BlanksSeparate => IsSeparator(' ');
}
