using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using Microsoft.ML.LlmFineTune.Tokenization;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.LlmFineTune.Estimators.TextTokenization;

/// <summary>The columns that a tokenizer adds.</summary>
internal static class TokenColumns
{
    /// <summary>The columns that the options name, in the options' order.</summary>
    internal static IReadOnlyList<OutputColumn<TextEncoding>> Make(TextTokenizationOptions options, Tokenizer tokenizer)
    {
        int size = options.PadToMaximum ? options.MaximumTokens!.Value : 0;
        var columns = new List<OutputColumn<TextEncoding>>();
        void Add(string? name, Func<string, OutputColumn<TextEncoding>> make)
        {
            if (name is not null)
                columns.Add(make(name));
        }
        void AddIntegers(string? name, Func<TextEncoding, int, int> read) => Add(name, column => Vector(column, NumberDataViewType.Int32, size, read));
        void AddNumbers(string? name, Func<TextEncoding, IReadOnlyList<int>> read) => Add(name, column => Numbers(column, options.IdType, size, read));

        Add(options.IdsColumnName, name => options.IdType == TokenIdType.Key ? Keys(name, size, options, tokenizer) : Numbers(name, options.IdType, size, tokens => tokens.Ids));
        Add(options.TokensColumnName, name => Vector(name, TextDataViewType.Instance, size, (tokens, i) => tokens.Tokens[i].AsMemory()));
        AddNumbers(options.AttentionMaskColumnName, tokens => tokens.AttentionMask);
        AddNumbers(options.SpecialTokensMaskColumnName, tokens => tokens.SpecialTokensMask);
        AddNumbers(options.TypeIdsColumnName, tokens => tokens.TypeIds);
        AddIntegers(options.WordIdsColumnName, (tokens, i) => tokens.WordOf(i) ?? TextEncoding.NoWord);
        AddIntegers(options.StartsColumnName, (tokens, i) => tokens.Spans[i].Start);
        AddIntegers(options.EndsColumnName, (tokens, i) => tokens.Spans[i].End);
        Add(options.TokenCountColumnName, name => new OutputColumn<TextEncoding, int>(name, NumberDataViewType.Int32, (TextEncoding tokens, ref int value) => value = tokens.AttentionMask.Sum()));
        Add(options.TruncatedTokensColumnName, name => new OutputColumn<TextEncoding, int>(name, NumberDataViewType.Int32, (TextEncoding tokens, ref int value) => value = tokens.TruncatedTokens));
        return columns;
    }

    /// <summary>Ids alone, as numbers.</summary>
    internal static IReadOnlyList<OutputColumn<TextEncoding>> MakeIds(string name) => [Numbers(name, TokenIdType.Int32, 0, tokens => tokens.Ids)];

    private static OutputColumn<TextEncoding> Numbers(string name, TokenIdType type, int size, Func<TextEncoding, IReadOnlyList<int>> read) => type switch
    {
        TokenIdType.Int64 => Vector(name, NumberDataViewType.Int64, size, (tokens, i) => (long)read(tokens)[i]),
        TokenIdType.Single => Vector(name, NumberDataViewType.Single, size, (tokens, i) => (float)read(tokens)[i]),
        _ => Vector(name, NumberDataViewType.Int32, size, (tokens, i) => read(tokens)[i]),
    };

    // The values of the keys are the tokens; a tokenizer that is not ours doesn't list them.
    private static OutputColumn<TextEncoding> Keys(string name, int size, TextTokenizationOptions options, Tokenizer tokenizer)
    {
        var model = tokenizer as TokenizerModel;
        int count = model?.VocabularySize ?? options.Facts!.VocabularySize;
        return Vector(name, new KeyDataViewType(typeof(uint), count), size, (tokens, i) => (uint)tokens.Ids[i] + 1, model is null ? null : KeyValues(model));
    }

    private static DataViewSchema.Annotations KeyValues(TokenizerModel tokenizer)
    {
        var values = new Lazy<ReadOnlyMemory<char>[]>(() => [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => (tokenizer.TokenOf(id) ?? "").AsMemory())]);
        var builder = new DataViewSchema.Annotations.Builder();
        builder.Add(AnnotationNames.KeyValues, new VectorDataViewType(TextDataViewType.Instance, tokenizer.VocabularySize),
            (ref VBuffer<ReadOnlyMemory<char>> value) => new VBuffer<ReadOnlyMemory<char>>(values.Value.Length, values.Value).CopyTo(ref value));
        return builder.ToAnnotations();
    }

    private static OutputColumn<TextEncoding, VBuffer<T>> Vector<T>(string name, PrimitiveDataViewType item, int size, Func<TextEncoding, int, T> read, DataViewSchema.Annotations? annotations = null) =>
        new(name, new VectorDataViewType(item, size), (TextEncoding tokens, ref VBuffer<T> value) =>
        {
            var editor = VBufferEditor.Create(ref value, tokens.Count);
            for (int i = 0; i < tokens.Count; i++)
                editor.Values[i] = read(tokens, i);
            value = editor.Commit();
        }, annotations);
}
