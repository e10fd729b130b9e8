using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;

/// <summary>Values of the cases as JSON, in the form in which the fixtures write what they expect.</summary>
public static class Answers
{
    /// <summary>The case's own folder, which messages name as &lt;dir&gt;.</summary>
    public static string Folder = "";

    /// <summary>The answer of a case: its value, or its error.</summary>
    public static string Answer(Func<object> run)
    {
        try { return Json(run()); }
        catch (Exception e) { return Json(Error(e)); }
    }

    /// <summary>The value, or the error object.</summary>
    public static object Catch(Func<object> run) => new Written(Answer(run));

    /// <summary>A JSON object of names and values in turn.</summary>
    public static object O(params object[] namesAndValues)
    {
        var members = new List<(string, object)>();
        for (int i = 0; i < namesAndValues.Length; i += 2) members.Add(((string)namesAndValues[i], namesAndValues[i + 1]));
        return new Members(members);
    }

    public static object Error(Exception e)
    {
        var members = new List<object> { "type", e.GetType().FullName, "message", Folder.Length > 0 ? e.Message.Replace(Folder, "<dir>") : e.Message };
        if (e is ArgumentException { ParamName: not null } argument) members.AddRange(new object[] { "paramName", argument.ParamName });
        if (e.InnerException is not null) members.AddRange(new object[] { "inner", ErrorParts(e.InnerException) });
        return O("error", O(members.ToArray()));
    }

    private static object ErrorParts(Exception e) => ((Members)Error(e)).List[0].Value;

    public static string Json(object value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object value)
    {
        switch (value)
        {
            case null: text.Append("null"); break;
            case Written written: text.Append(written.Text); break;
            case bool b: text.Append(b ? "true" : "false"); break;
            case string s: text.Append(Quoted(s)); break;
            case char c: text.Append(Quoted(c.ToString())); break;
            case ReadOnlyMemory<char> memory: text.Append(Quoted(memory.ToString())); break;
            case float f: text.Append(float.IsFinite(f) ? f.ToString("R", CultureInfo.InvariantCulture) : Quoted(f.ToString(CultureInfo.InvariantCulture))); break;
            case double d: text.Append(double.IsFinite(d) ? d.ToString("R", CultureInfo.InvariantCulture) : Quoted(d.ToString(CultureInfo.InvariantCulture))); break;
            case byte or sbyte or short or ushort or int or uint or long or ulong: text.Append(Convert.ToString(value, CultureInfo.InvariantCulture)); break;
            case DateTime date: text.Append(Quoted(date.ToString("o", CultureInfo.InvariantCulture))); break;
            case DateTimeOffset date: text.Append(Quoted(date.ToString("o", CultureInfo.InvariantCulture))); break;
            case TimeSpan span: text.Append(Quoted(span.ToString("c", CultureInfo.InvariantCulture))); break;
            case DataViewRowId id: text.Append(Quoted(id.High.ToString("x16", CultureInfo.InvariantCulture) + id.Low.ToString("x16", CultureInfo.InvariantCulture))); break;
            case Enum or Type or DataViewType: text.Append(Quoted(value.ToString())); break;
            case Members members: WriteAll(text, '{', members.List.Select(m => (Action)(() => { text.Append(Quoted(m.Name)).Append(':'); Write(text, m.Value); })), '}'); break;
            case IDictionary dictionary: WriteAll(text, '{', dictionary.Cast<DictionaryEntry>().Select(m => (Action)(() => { text.Append(Quoted(Convert.ToString(m.Key, CultureInfo.InvariantCulture))).Append(':'); Write(text, m.Value); })), '}'); break;
            case ITuple tuple: WriteAll(text, '[', Enumerable.Range(0, tuple.Length).Select(i => (Action)(() => Write(text, tuple[i]))), ']'); break;
            // A VBuffer is enumerable too, but over its whole rented array.
            case object buffer when buffer.GetType().IsGenericType && buffer.GetType().GetGenericTypeDefinition() == typeof(VBuffer<>): Write(text, Dense(buffer)); break;
            case IEnumerable sequence: WriteAll(text, '[', sequence.Cast<object>().Select(item => (Action)(() => Write(text, item))), ']'); break;
            case object anonymous when anonymous.GetType().Name.Contains("AnonymousType", StringComparison.Ordinal):
                WriteAll(text, '{', anonymous.GetType().GetProperties().Select(p => (Action)(() => { text.Append(Quoted(p.Name)).Append(':'); Write(text, p.GetValue(anonymous)); })), '}'); break;
            default: throw new NotSupportedException($"A value of type {value.GetType()} has no form in the fixtures.");
        }
    }

    private static void WriteAll(StringBuilder text, char open, IEnumerable<Action> items, char close)
    {
        text.Append(open);
        var first = true;
        foreach (var item in items)
        {
            if (!first) text.Append(',');
            first = false;
            item();
        }
        text.Append(close);
    }

    private static object Dense(object buffer) => typeof(Answers).GetMethod(nameof(DenseOf), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)
        .MakeGenericMethod(buffer.GetType().GetGenericArguments()[0]).Invoke(null, new[] { buffer });

    private static T[] DenseOf<T>(VBuffer<T> buffer) => buffer.DenseValues().ToArray();

    private static string Quoted(string text) => JsonSerializer.Serialize(text);

    private sealed record Members(List<(string Name, object Value)> List);

    private sealed record Written(string Text);
}
