using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.ML.Tokenizers;
using MlnetFixtures;
using static Answers;

/// <summary>Calls of tokenizer-base.json that the fixtures describe in words.</summary>
public static class TokenizerCalls
{
    public static object Tok(EncodedToken token) => new object[] { token.Id, token.Value, token.Offset.Start.Value, token.Offset.End.Value };

    public static object EveryOverload(Tokenizer k, string text) => O(
        "preTrueNormTrue", Encoded(k, text, true, true, true), "preFalseNormTrue", Encoded(k, text, false, true, false),
        "preTrueNormFalse", Encoded(k, text, true, false, false), "preFalseNormFalse", Encoded(k, text, false, false, true),
        "decodeOfIds", Catch(() => k.Decode(k.EncodeToIds(text))));

    private static object Encoded(Tokenizer k, string text, bool pre, bool norm, bool limited)
    {
        var members = new List<object>
        {
            "ids", Same(() => k.EncodeToIds(text, pre, norm), () => k.EncodeToIds(text.AsSpan(), pre, norm)),
            "tokens", Same(() => { var tokens = k.EncodeToTokens(text, out var normalized, pre, norm); return O("normalizedText", normalized, "tokens", tokens.Select(Tok)); },
                () => { var tokens = k.EncodeToTokens(text.AsSpan(), out var normalized, pre, norm); return O("normalizedText", normalized, "tokens", tokens.Select(Tok)); }),
            "count", Same(() => k.CountTokens(text, pre, norm), () => k.CountTokens(text.AsSpan(), pre, norm)),
        };
        if (limited) foreach (var max in new[] { 1, 2, 3, 100 }) members.AddRange(new object[] { "max" + max, Limited(k, text, max, pre, norm) });
        return O(members.ToArray());
    }

    private static object Limited(Tokenizer k, string text, int max, bool pre, bool norm) => O(
        "ids", Same(() => { var ids = k.EncodeToIds(text, max, out var normalized, out var consumed, pre, norm); return O("ids", ids, "normalizedText", normalized, "charsConsumed", consumed); },
            () => { var ids = k.EncodeToIds(text.AsSpan(), max, out var normalized, out var consumed, pre, norm); return O("ids", ids, "normalizedText", normalized, "charsConsumed", consumed); }),
        "index", Same(() => { var index = k.GetIndexByTokenCount(text, max, out var normalized, out var count, pre, norm); return O("index", index, "normalizedText", normalized, "tokenCount", count); },
            () => { var index = k.GetIndexByTokenCount(text.AsSpan(), max, out var normalized, out var count, pre, norm); return O("index", index, "normalizedText", normalized, "tokenCount", count); }),
        "indexFromEnd", Same(() => { var index = k.GetIndexByTokenCountFromEnd(text, max, out var normalized, out var count, pre, norm); return O("index", index, "normalizedText", normalized, "tokenCount", count); },
            () => { var index = k.GetIndexByTokenCountFromEnd(text.AsSpan(), max, out var normalized, out var count, pre, norm); return O("index", index, "normalizedText", normalized, "tokenCount", count); }));

    /// <summary>The answer of the string overload; a pair where the span overload gives another.</summary>
    private static object Same(Func<object> ofString, Func<object> ofSpan)
    {
        var (text, span) = (Catch(ofString), Catch(ofSpan));
        return Json(text) == Json(span) ? text : O("string", text, "span", span);
    }

    public static object BertSpecial(BertTokenizer k, string text, string limited, string one, string two, string decoded)
    {
        var a = k.EncodeToIds(one, addSpecialTokens: false);
        var b = k.EncodeToIds(two, addSpecialTokens: false);
        object Max(int max) => Catch(() => { var ids = k.EncodeToIds(limited, max, out var normalized, out var consumed); return O("ids", ids, "normalizedText", normalized, "charsConsumed", consumed); });
        return O("cls", k.ClassificationTokenId, "sep", k.SeparatorTokenId, "pad", k.PaddingTokenId, "mask", k.MaskingTokenId, "unk", k.UnknownTokenId,
            "default", k.EncodeToIds(text), "without", k.EncodeToIds(text, addSpecialTokens: false), "with", k.EncodeToIds(text, addSpecialTokens: true),
            "maxThree", Max(3), "maxTwo", Max(2), "maxOne", Max(1), "maxZero", Max(0), "baseView", ((Tokenizer)k).EncodeToIds(text),
            "one", k.BuildInputsWithSpecialTokens(a), "two", k.BuildInputsWithSpecialTokens(a, b), "mask1", k.GetSpecialTokensMask(a), "mask2", k.GetSpecialTokensMask(a, b),
            "maskAlready", k.GetSpecialTokensMask(k.BuildInputsWithSpecialTokens(a), null, true), "types1", k.CreateTokenTypeIdsFromSequences(a), "types2", k.CreateTokenTypeIdsFromSequences(a, b),
            "decode", k.Decode(k.EncodeToIds(decoded)), "decodeSkip", k.Decode(k.EncodeToIds(decoded), skipSpecialTokens: true));
    }

    public static object Members() => typeof(Tokenizer).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        .Where(m => m.IsPublic || m.IsFamily)
        .Select(m => $"{(m.IsPublic ? "public" : "protected")} {(m.IsAbstract ? "abstract " : m.IsVirtual ? "virtual " : "")}{m.Name}({string.Join(", ", m.GetParameters().Select(p => $"{p.ParameterType.Name} {p.Name}"))})")
        .Order(StringComparer.Ordinal).ToArray();

    public static object NoError(Action run) => Catch(() => { run(); return "no error"; });
}
