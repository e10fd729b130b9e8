using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.LlmFineTune.Runtime;

/// <summary>Where models run.</summary>
public enum ComputeDevice
{
    /// <summary>The first CUDA device if there is one, the CPU otherwise.</summary>
    Auto = 0,

    /// <summary>The processor.</summary>
    Cpu = 1,

    /// <summary>The first CUDA device; an error where there is none.</summary>
    Cuda = 2,
}

/// <summary>From the choice to the device.</summary>
public static class ComputeDevices
{
    /// <summary>The device that a choice means on this machine.</summary>
    /// <exception cref="InvalidOperationException">CUDA was asked for and is not available.</exception>
    public static Device Resolve(this ComputeDevice choice)
    {
        NativeRuntime.Initialize();
        return choice switch
        {
            ComputeDevice.Cpu => CPU,
            ComputeDevice.Auto => cuda_is_available() ? CUDA : CPU,
            ComputeDevice.Cuda when cuda_is_available() => CUDA,
            ComputeDevice.Cuda => throw new InvalidOperationException("ComputeDevice.Cuda needs a CUDA device and a libtorch built for CUDA; this process has none. Choose Auto or Cpu, or install a CUDA libtorch."),
            _ => throw new ArgumentOutOfRangeException(nameof(choice), choice, $"A device must be Auto, Cpu or Cuda; received {choice}."),
        };
    }

    /// <summary>Whether two devices are the same (<see cref="Device"/> itself compares by reference).</summary>
    internal static bool Same(Device one, Device other) =>
        one.type == other.type && (one.type == DeviceType.CPU || Math.Max(one.index, 0) == Math.Max(other.index, 0));
}
