namespace Microsoft.ML.Runtime;

/// <summary>
/// Makes and throws exceptions. <c>Except...</c> give the exception, <c>Check...</c> throw it; both go through a context, if there is one,
/// which marks the exception as thrown by a component that knew what was wrong.
/// </summary>
internal static class Contracts
{
    private const string MarkKey = "ML_IsMarked";

    public static TException Mark<TException>(TException ex) where TException : Exception
    {
        ex.Data[MarkKey] = 1;
        return ex;
    }

    public static bool IsMarked(this Exception ex) => ex.Data.Contains(MarkKey);

    private static TException Process<TException>(TException ex, IExceptionContext ctx) where TException : Exception
        => ctx == null ? Mark(ex) : ctx.Process(ex);

    // States and calls: InvalidOperationException.
    public static Exception Except() => Process(new InvalidOperationException(), null);
    public static Exception Except(string msg) => Process(new InvalidOperationException(msg), null);
    public static Exception Except(Exception inner, string msg) => Process(new InvalidOperationException(msg, inner), null);
    public static Exception Except(this IExceptionContext ctx) => Process(new InvalidOperationException(), ctx);
    public static Exception Except(this IExceptionContext ctx, string msg) => Process(new InvalidOperationException(msg), ctx);
    public static Exception Except(this IExceptionContext ctx, Exception inner, string msg) => Process(new InvalidOperationException(msg, inner), ctx);

    // Arguments: ArgumentOutOfRangeException, or ArgumentNullException for null.
    public static Exception ExceptParam(string paramName) => Process(new ArgumentOutOfRangeException(paramName), null);
    public static Exception ExceptParam(string paramName, string msg) => Process(new ArgumentOutOfRangeException(paramName, msg), null);
    public static Exception ExceptParam(this IExceptionContext ctx, string paramName) => Process(new ArgumentOutOfRangeException(paramName), ctx);
    public static Exception ExceptParam(this IExceptionContext ctx, string paramName, string msg) => Process(new ArgumentOutOfRangeException(paramName, msg), ctx);
    public static Exception ExceptUserArg(string name, string msg) => ExceptParam(name, msg);
    public static Exception ExceptUserArg(this IExceptionContext ctx, string name, string msg) => ExceptParam(ctx, name, msg);
    public static Exception ExceptValue(string paramName) => Process(new ArgumentNullException(paramName), null);
    public static Exception ExceptValue(this IExceptionContext ctx, string paramName) => Process(new ArgumentNullException(paramName), ctx);
    public static Exception ExceptValue(this IExceptionContext ctx, string paramName, string msg) => Process(new ArgumentNullException(paramName, msg), ctx);
    public static Exception ExceptEmpty(string paramName) => ExceptParam(paramName, $"{paramName} cannot be null or empty");
    public static Exception ExceptEmpty(this IExceptionContext ctx, string paramName) => ExceptParam(ctx, paramName, $"{paramName} cannot be null or empty");
    public static Exception ExceptWhiteSpace(this IExceptionContext ctx, string paramName) => ExceptParam(ctx, paramName, $"{paramName} cannot be null or white space");

    // Files and streams.
    public static Exception ExceptDecode() => Process(new FormatException(), null);
    public static Exception ExceptDecode(string msg) => Process(new FormatException(msg), null);
    public static Exception ExceptDecode(this IExceptionContext ctx) => Process(new FormatException(), ctx);
    public static Exception ExceptDecode(this IExceptionContext ctx, string msg) => Process(new FormatException(msg), ctx);
    public static Exception ExceptDecode(this IExceptionContext ctx, Exception inner, string msg) => Process(new FormatException(msg, inner), ctx);
    public static Exception ExceptIO(this IExceptionContext ctx, string msg) => Process(new IOException(msg), ctx);
    public static Exception ExceptNotSupp(string msg) => Process(new NotSupportedException(msg), null);
    public static Exception ExceptNotSupp(this IExceptionContext ctx, string msg) => Process(new NotSupportedException(msg), ctx);

    // Columns.
    public static Exception ExceptSchemaMismatch(this IExceptionContext ctx, string paramName, string columnRole, string columnName)
        => ExceptParam(ctx, paramName, $"Could not find {columnRole} column '{columnName}'");
    public static Exception ExceptSchemaMismatch(this IExceptionContext ctx, string paramName, string columnRole, string columnName, string expectedType, string actualType)
        => ExceptParam(ctx, paramName, $"Schema mismatch for {columnRole} column '{columnName}': expected {expectedType}, got {actualType}");

    public static void Check(bool f)
    {
        if (!f) throw Except();
    }

    public static void Check(bool f, string msg)
    {
        if (!f) throw Except(msg);
    }

    public static void Check(this IExceptionContext ctx, bool f)
    {
        if (!f) throw Except(ctx);
    }

    public static void Check(this IExceptionContext ctx, bool f, string msg)
    {
        if (!f) throw Except(ctx, msg);
    }

    public static void CheckParam(bool f, string paramName)
    {
        if (!f) throw ExceptParam(paramName);
    }

    public static void CheckParam(bool f, string paramName, string msg)
    {
        if (!f) throw ExceptParam(paramName, msg);
    }

    public static void CheckParam(this IExceptionContext ctx, bool f, string paramName)
    {
        if (!f) throw ExceptParam(ctx, paramName);
    }

    public static void CheckParam(this IExceptionContext ctx, bool f, string paramName, string msg)
    {
        if (!f) throw ExceptParam(ctx, paramName, msg);
    }

    public static void CheckUserArg(bool f, string name, string msg) => CheckParam(f, name, msg);

    public static void CheckUserArg(this IExceptionContext ctx, bool f, string name) => CheckParam(ctx, f, name);

    public static void CheckUserArg(this IExceptionContext ctx, bool f, string name, string msg) => CheckParam(ctx, f, name, msg);

    public static void CheckValue<T>(T val, string paramName) where T : class
    {
        if (val is null) throw ExceptValue(paramName);
    }

    public static void CheckValue<T>(this IExceptionContext ctx, T val, string paramName) where T : class
    {
        if (val is null) throw ExceptValue(ctx, paramName);
    }

    public static void CheckValue<T>(this IExceptionContext ctx, T val, string paramName, string msg) where T : class
    {
        if (val is null) throw ExceptValue(ctx, paramName, msg);
    }

    public static T CheckRef<T>(T val, string paramName) where T : class => val ?? throw ExceptValue(paramName);

    public static T CheckRef<T>(this IExceptionContext ctx, T val, string paramName) where T : class => val ?? throw ExceptValue(ctx, paramName);

    public static string CheckNonEmpty(string s, string paramName) => string.IsNullOrEmpty(s) ? throw ExceptEmpty(paramName) : s;

    public static string CheckNonEmpty(this IExceptionContext ctx, string s, string paramName) => string.IsNullOrEmpty(s) ? throw ExceptEmpty(ctx, paramName) : s;

    public static string CheckNonEmpty(this IExceptionContext ctx, string s, string paramName, string msg) => string.IsNullOrEmpty(s) ? throw ExceptParam(ctx, paramName, msg) : s;

    public static string CheckNonWhiteSpace(this IExceptionContext ctx, string s, string paramName) => string.IsNullOrWhiteSpace(s) ? throw ExceptWhiteSpace(ctx, paramName) : s;

    public static T[] CheckNonEmpty<T>(T[] args, string paramName) => args is null or [] ? throw ExceptEmpty(paramName) : args;

    public static T[] CheckNonEmpty<T>(this IExceptionContext ctx, T[] args, string paramName) => args is null or [] ? throw ExceptEmpty(ctx, paramName) : args;

    public static T[] CheckNonEmpty<T>(this IExceptionContext ctx, T[] args, string paramName, string msg) => args is null or [] ? throw ExceptParam(ctx, paramName, msg) : args;

    public static void CheckDecode(bool f)
    {
        if (!f) throw ExceptDecode();
    }

    public static void CheckDecode(bool f, string msg)
    {
        if (!f) throw ExceptDecode(msg);
    }

    public static void CheckDecode(this IExceptionContext ctx, bool f)
    {
        if (!f) throw ExceptDecode(ctx);
    }

    public static void CheckDecode(this IExceptionContext ctx, bool f, string msg)
    {
        if (!f) throw ExceptDecode(ctx, msg);
    }
}
