using System.Globalization;
using Microsoft.ML.LlmFineTune.Optimization;
using Microsoft.ML.LlmFineTune.Runtime;
using Microsoft.ML.LlmFineTune.Tests.Runtime;
using Microsoft.ML.LlmFineTune.Training;

namespace Microsoft.ML.LlmFineTune.Tests.Training.Observers;

/// <summary>Small real trainings for what watches them.</summary>
internal static class ObserverRuns
{
    internal static readonly TrainingOptions Options = new()
    {
        Epochs = 2, Optimizer = new AdamWOptions { LearningRate = 0.05 }, Schedule = new LinearSchedule(), Replicas = 1, Device = ComputeDevice.Cpu,
    };

    /// <summary>Two epochs of four steps, each validated.</summary>
    internal static TrainingResult Train(params ITrainingObserver[] observers)
    {
        using ToyModel model = new(initialization: new RandomStream(1));
        return new Trainer(model, new ToyObjective(), Options, observers).Train(new ToyBatches(4, 6, 5), new ToyBatches(1, 6, 5, seed: 9));
    }

    /// <summary>The same with later steps: what a training that goes on from step <paramref name="by"/> tells.</summary>
    internal sealed class Later(ITrainingObserver observer, long by) : ITrainingObserver
    {
        public void Started(TrainingStart start) => observer.Started(start);

        public void Stepped(TrainingStep step) => observer.Stepped(step with { Step = step.Step + by });

        public void Validated(TrainingValidation validation) => observer.Validated(validation with { Step = validation.Step + by });

        public void EpochEnded(TrainingEpoch epoch) => observer.EpochEnded(epoch with { Step = epoch.Step + by });

        public void Finished(TrainingResult result) => observer.Finished(result with { Steps = result.Steps + by });
    }

    /// <summary>Everything that was told.</summary>
    internal sealed class Everything : ITrainingObserver
    {
        internal List<TrainingStep> Steps { get; } = [];

        internal List<TrainingValidation> Validations { get; } = [];

        internal List<TrainingEpoch> Epochs { get; } = [];

        public void Stepped(TrainingStep step) => Steps.Add(step);

        public void Validated(TrainingValidation validation) => Validations.Add(validation);

        public void EpochEnded(TrainingEpoch epoch) => Epochs.Add(epoch);
    }

    /// <summary>A clock that stands still until it is moved.</summary>
    internal sealed class StandingClock : TimeProvider
    {
        internal TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) + Passed;
    }

    /// <summary>A disk on which a file has so much room, and not one byte more.</summary>
    internal sealed class FullDisk(string path, long room) : Stream
    {
        private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, 0);

        public override bool CanRead => false;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => _file.Length;

        public override long Position { get => _file.Position; set => _file.Position = value; }

        public override void Flush() => _file.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => _file.Seek(offset, origin);

        public override void SetLength(long value) => _file.SetLength(value);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int fits = (int)Math.Clamp(room - _file.Position, 0, buffer.Length);
            _file.Write(buffer[..fits]);
            if (fits < buffer.Length) throw new IOException("No space left on device.");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _file.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>Does something where numbers are written as in Germany: 1.234,5. The process knows no culture's data, so it is made by hand.</summary>
    internal static T InGermany<T>(Func<T> act)
    {
        CultureInfo before = CultureInfo.CurrentCulture, german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NumberGroupSeparator, german.NumberFormat.NegativeSign) = (",", ".", "\u2212");
        (german.DateTimeFormat.DateSeparator, german.DateTimeFormat.TimeSeparator) = (".", ".");
        CultureInfo.CurrentCulture = german;
        try
        {
            return act();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
