namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>Tells notebooks how a type is shown. .NET Interactive finds this attribute by its name and its property, so no package is needed.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;

    public string[] PreferredMimeTypes { get; set; } = ["text/html"];
}

/// <summary>How a notebook shows a report. .NET Interactive calls these members by their names.</summary>
internal sealed class NotebookFormatters
{
    public IEnumerable<object> CreateTypeFormatters() => [new Formatter("text/html", report => report.ToHtmlFragment()), new Formatter("text/plain", report => report.ToText())];

    internal sealed class Formatter(string mimeType, Func<EvaluationReport, string> write)
    {
        public string MimeType => mimeType;

        public bool Format(object instance, TextWriter writer)
        {
            if (instance is not EvaluationReport report) return false;
            writer.Write(write(report));
            return true;
        }
    }
}
