namespace Microsoft.ML.LlmFineTune.Models.Heads;

/// <summary>A model whose head may be newer than its backbone.</summary>
public interface IHeadedModel : ICheckpointModel
{
    /// <summary>The model below the head.</summary>
    BackboneModel Backbone { get; }

    /// <summary>The head.</summary>
    HeadModule HeadModule { get; }
}
