using System.Text.Json.Nodes;
using Microsoft.ML.Data;

namespace Microsoft.ML.LlmFineTune.Estimators.TextClassification;

/// <summary>All that labels may be made of.</summary>
internal static class LabelKinds
{
    private static readonly ILabelKind[] All =
    [
        new LabelKind<ReadOnlyMemory<char>>(TextDataViewType.Instance, text => text.ToString(), text => JsonValue.Create(text.ToString()), node => node.GetValue<string>().AsMemory()),
        Plain<float>(NumberDataViewType.Single),
        Plain<double>(NumberDataViewType.Double),
        Plain<sbyte>(NumberDataViewType.SByte),
        Plain<byte>(NumberDataViewType.Byte),
        Plain<short>(NumberDataViewType.Int16),
        Plain<ushort>(NumberDataViewType.UInt16),
        Plain<int>(NumberDataViewType.Int32),
        Plain<uint>(NumberDataViewType.UInt32),
        Plain<long>(NumberDataViewType.Int64),
        Plain<ulong>(NumberDataViewType.UInt64),
        Plain<bool>(BooleanDataViewType.Instance),
    ];

    internal static ILabelKind Of(DataViewType item) => All.FirstOrDefault(kind => kind.Name == item.ToString())
        ?? throw new ArgumentException($"Labels of type {item} are not supported: convert them to text before MapValueToKey.");

    internal static ILabelKind ByName(string name) => All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new InvalidDataException($"task.json has labels of type '{name}', which is none of {string.Join(", ", All.Select(kind => kind.Name))}.");

    private static LabelKind<T> Plain<T>(PrimitiveDataViewType item) =>
        new(item, value => FormattableString.Invariant($"{value}"), value => JsonValue.Create(value), node => node.GetValue<T>());
}
