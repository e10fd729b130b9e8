namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>What a column of token ids is made of. Masks and type ids have the same type of number; beside keys they are Int32.</summary>
public enum TokenIdType
{
    /// <summary>Numbers of 32 bits.</summary>
    Int32,

    /// <summary>Numbers of 64 bits, as most ONNX models of text take them.</summary>
    Int64,

    /// <summary>Numbers that ML.NET's trainers take as features.</summary>
    Single,

    /// <summary>Keys with the tokens as their values, as <c>ProduceNgrams</c> and <c>MapKeyToValue</c> take them: the raw value is the id and one more.</summary>
    Key,
}
