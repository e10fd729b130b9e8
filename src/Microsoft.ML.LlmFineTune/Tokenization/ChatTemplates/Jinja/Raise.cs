namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>The errors of templates, by the names that Python gives them.</summary>
internal static class Raise
{
    public static ChatTemplateException Type(string reason) => new(ChatTemplateErrorKind.TypeError, reason);

    public static ChatTemplateException Value(string reason) => new(ChatTemplateErrorKind.ValueError, reason);

    public static ChatTemplateException Overflow(string reason) => new(ChatTemplateErrorKind.OverflowError, reason);

    public static ChatTemplateException ZeroDivision(string reason) => new(ChatTemplateErrorKind.ZeroDivisionError, reason);

    public static ChatTemplateException Index(string reason) => new(ChatTemplateErrorKind.IndexError, reason);

    public static ChatTemplateException Key(object? key) => new(ChatTemplateErrorKind.KeyError, Printing.Repr(key));

    public static ChatTemplateException Attribute(object? value, string name) => new(ChatTemplateErrorKind.AttributeError, $"'{Values.TypeName(value)}' object has no attribute '{name}'");

    public static ChatTemplateException FilterArgument(string reason) => new(ChatTemplateErrorKind.FilterArgumentError, reason);

    public static ChatTemplateException Runtime(string reason) => new(ChatTemplateErrorKind.TemplateRuntimeError, reason);

    public static ChatTemplateException Recursion(string reason) => new(ChatTemplateErrorKind.RecursionError, reason);

    public static ChatTemplateException Limit(string reason) => new(ChatTemplateErrorKind.LimitExceeded, reason);
}
