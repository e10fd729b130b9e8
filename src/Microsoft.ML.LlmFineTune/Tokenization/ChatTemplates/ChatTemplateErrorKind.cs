namespace Microsoft.ML.LlmFineTune.Tokenization;

/// <summary>What went wrong in a chat template, by the name of the exception that Jinja2 (or Python below it) raises for it.</summary>
public enum ChatTemplateErrorKind
{
    /// <summary>The template is not well-formed.</summary>
    TemplateSyntaxError,

    /// <summary>The template is well-formed, but names a filter or test that does not exist, or breaks another rule that is checked before rendering.</summary>
    TemplateAssertionError,

    /// <summary>A statement stands where it has no meaning, such as <c>break</c> outside a loop.</summary>
    SyntaxError,

    /// <summary>The template called <c>raise_exception</c>; the reason is its argument.</summary>
    TemplateError,

    /// <summary>The template did something that only shows when it is rendered, such as setting an attribute of a value that is not a namespace.</summary>
    TemplateRuntimeError,

    /// <summary>A value that is not defined was used for more than printing, testing or looping.</summary>
    UndefinedError,

    /// <summary>The sandbox does not allow it: changing a list or dict, or touching Python's inner attributes.</summary>
    SecurityError,

    /// <summary>A filter does not take the arguments it was given.</summary>
    FilterArgumentError,

    /// <summary>An operation on values of types that do not support it.</summary>
    TypeError,

    /// <summary>A value of the right type that does not do. Also: arguments of the rendering that contradict each other.</summary>
    ValueError,

    /// <summary>An attribute that a value does not have.</summary>
    AttributeError,

    /// <summary>A key that a mapping does not have.</summary>
    KeyError,

    /// <summary>A position outside a sequence.</summary>
    IndexError,

    /// <summary>A codec or other thing that is looked up by name and not found.</summary>
    LookupError,

    /// <summary>A division by zero.</summary>
    ZeroDivisionError,

    /// <summary>A number too large for its operation, or a range above 100,000 items.</summary>
    OverflowError,

    /// <summary>A condition that a filter asserts.</summary>
    AssertionError,

    /// <summary>Anything else that the reference refuses while it runs.</summary>
    RuntimeError,

    /// <summary>Calls or values are nested too deeply.</summary>
    RecursionError,

    /// <summary>A text that cannot be encoded.</summary>
    UnicodeEncodeError,

    /// <summary>Bytes that cannot be decoded.</summary>
    UnicodeDecodeError,

    /// <summary>A limit of <see cref="ChatTemplateLimits"/> was passed. The reference has no such error: it would go on.</summary>
    LimitExceeded,
}
