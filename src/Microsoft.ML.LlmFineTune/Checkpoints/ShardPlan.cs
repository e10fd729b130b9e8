namespace Microsoft.ML.LlmFineTune.Checkpoints;

/// <summary>Which tensors go into which shard.</summary>
internal static class ShardPlan
{
    /// <summary>
    /// Fills shards in the given order, as huggingface_hub's <c>split_state_dict_into_shards_factory</c> does, so the same model gets the same shards: a shard is closed when the next
    /// tensor would make it larger than allowed; a tensor that is larger by itself gets a shard of its own, before the one that is being filled.
    /// </summary>
    /// <param name="tensors">Names and bytes.</param>
    /// <param name="maximumBytes">Size of a shard; at least 1.</param>
    /// <returns>The names, shard by shard.</returns>
    public static IReadOnlyList<IReadOnlyList<string>> Split(IEnumerable<(string Name, long Bytes)> tensors, long maximumBytes)
    {
        List<IReadOnlyList<string>> shards = [];
        List<string> current = [];
        long size = 0;
        foreach ((string name, long bytes) in tensors)
        {
            if (bytes > maximumBytes)
            {
                shards.Add([name]);
                continue;
            }
            if (size + bytes > maximumBytes)
            {
                shards.Add(current);
                (current, size) = ([], 0);
            }
            current.Add(name);
            size += bytes;
        }
        if (current.Count > 0) shards.Add(current);
        return shards;
    }
}
