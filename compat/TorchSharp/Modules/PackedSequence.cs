using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            public static class rnn
            {
                /// <summary>Sequences of several lengths without their padding. Its tensors live and die with it.</summary>
                public sealed class PackedSequence : IScoped
                {
                    public readonly Tensor data;
                    public readonly Tensor batch_sizes;
                    public readonly Tensor sorted_indices;
                    public readonly Tensor unsorted_indices;
                    private DisposeScope? _scope;
                    private bool _disposed;

                    internal PackedSequence(nint data, nint batchSizes, nint sorted, nint unsorted)
                    {
                        this.data = new Tensor(data).DetachFromDisposeScope();
                        batch_sizes = new Tensor(batchSizes).DetachFromDisposeScope();
                        sorted_indices = new Tensor(sorted).DetachFromDisposeScope();
                        unsorted_indices = new Tensor(unsorted).DetachFromDisposeScope();
                        var manager = DisposeScopeManager.OfThread;
                        manager.Register(this, manager.Counts.PackedSequenceStatistics);
                    }

                    DisposeScope? IScoped.OwningDisposeScope
                    {
                        get => _scope;
                        set
                        {
                            _scope = value;
                            foreach (var t in Parts) t.SetScope(value);
                        }
                    }
                    LifetimeStatistics IScoped.CountsOf(ThreadDisposeScopeStatistics statistics) => statistics.PackedSequenceStatistics;

                    private Tensor[] Parts => [data, batch_sizes, sorted_indices, unsorted_indices];

                    public PackedSequence MoveToOuterDisposeScope()
                    {
                        _scope?.MoveToOuter(this);
                        return this;
                    }
                    public PackedSequence DetachFromDisposeScope()
                    {
                        _scope?.Detach(this);
                        return this;
                    }
                    public PackedSequence MoveToOtherDisposeScope(PackedSequence other) => MoveToOtherDisposeScope(other._scope);
                    public PackedSequence MoveToOtherDisposeScope(DisposeScope? other)
                    {
                        if (_scope is null) other?.Attach(this);
                        else _scope.MoveToOther(other, this);
                        return this;
                    }

                    public void Dispose()
                    {
                        if (_disposed) return;
                        _disposed = true;
                        foreach (var t in Parts) t.Dispose();
                        var manager = DisposeScopeManager.OfThread;
                        manager.Unregister(this, manager.Counts.PackedSequenceStatistics);
                    }
                }

                public static PackedSequence pack_padded_sequence(Tensor input, Tensor lengths, bool batch_first = false, bool enforce_sorted = true)
                {
                    nint[] parts = [];
                    DisposeScopeManager.Composed(() =>
                    {
                        var on = lengths.cpu();
                        Tensor? sorted = null, unsorted = null;
                        var rows = input;
                        if (!enforce_sorted)
                        {
                            (on, sorted) = on.sort(-1, true);
                            sorted = sorted.to(input.device);
                            rows = input.index_select(batch_first ? 0 : 1, sorted);
                            unsorted = sorted.empty_like().scatter_(0, sorted, arange(sorted.numel(), device: sorted.device));
                        }
                        var (data, sizes) = Ops.PackPaddedSequence.CallTwo(rows, on, batch_first);
                        parts = [data.TakeHandle(), sizes.TakeHandle(), sorted?.TakeHandle() ?? 0, unsorted?.TakeHandle() ?? 0];
                        return Array.Empty<Tensor>();
                    });
                    return new PackedSequence(parts[0], parts[1], parts[2], parts[3]);
                }

                public static (Tensor, Tensor) pad_packed_sequence(PackedSequence sequence, bool batch_first = false, double padding_value = 0.0, long? total_length = null)
                {
                    var padded = DisposeScopeManager.Composed(() =>
                    {
                        var longest = sequence.batch_sizes.shape[0];
                        if (total_length is { } total)
                        {
                            if (total < longest)
                                throw new System.Runtime.InteropServices.ExternalException($"Expected total_length to be at least the length of the longest sequence in input, but got total_length={total} and max sequence length being {longest}");
                            longest = total;
                        }
                        var (output, lengths) = Ops.PadPackedSequence.CallTwo(sequence.data, sequence.batch_sizes, batch_first, (Scalar)padding_value, longest);
                        if (sequence.unsorted_indices.IsInvalid) return new[] { output, lengths };
                        return [output.index_select(batch_first ? 0 : 1, sequence.unsorted_indices), lengths.index_select(0, sequence.unsorted_indices.cpu())];
                    });
                    return (padded[0], padded[1]);
                }

                public static Tensor pad_sequence(IEnumerable<Tensor> sequences, bool batch_first = false, double padding_value = 0.0) =>
                    Ops.PadSequence.Call(Handles.Array(sequences), batch_first, padding_value);

                public static PackedSequence pack_sequence(IEnumerable<Tensor> sequences, bool enforce_sorted = true)
                {
                    var all = Handles.Array(sequences);
                    using var padded = DisposeScopeManager.Composed(() => pad_sequence(all));
                    using var lengths = tensor(Array.ConvertAll(all, t => t.shape[0]));
                    return pack_padded_sequence(padded, lengths, false, enforce_sorted);
                }
            }
        }
    }
}
