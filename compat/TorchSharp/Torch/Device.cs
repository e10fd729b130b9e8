using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public class Device
    {
        public DeviceType type { get; }
        public int index { get; }

        public Device(DeviceType deviceType, int index = -1) => (type, this.index) = (deviceType, index);
        public Device(int index) : this(DeviceType.CUDA, index) { }
        public Device(string deviceType, int index = -1) : this(Enum.Parse<DeviceType>(deviceType.ToUpperInvariant()), index) { }
        public Device(string description)
        {
            var parts = description.Split(':');
            index = -1;
            if (parts.Length > 2) return;
            type = Enum.Parse<DeviceType>(parts[0].ToUpperInvariant());
            if (parts.Length == 2) index = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        }

        /// <summary>Type and index in one number, as the shim has them.</summary>
        internal long Packed => ((long)type << 8) | (byte)index;
        internal static Device Unpack(long packed) => new((DeviceType)(packed >> 8), packed >> 8 == 0 ? -1 : (sbyte)(packed & 0xff));

        public override string ToString() => type == DeviceType.CPU ? "cpu" : type.ToString().ToLowerInvariant() + (index == -1 ? "" : ":" + index);

        public static implicit operator Device(string description) => new(description);
    }

    public static readonly Device CPU = new(DeviceType.CPU);
    public static readonly Device META = new(DeviceType.META);
    public static Device CUDA => InitializeDevice(new Device(DeviceType.CUDA));

    public static Device device(string description) => InitializeDevice(new Device(description));
    public static Device device(string deviceType, int index = -1) => InitializeDevice(new Device(deviceType, index));
    public static Device device(DeviceType deviceType, int index = -1) => InitializeDevice(new Device(deviceType, index));
    public static Device device(int index) => new(DeviceType.CUDA, index);

    public static Device InitializeDevice(Device? device)
    {
        device ??= get_default_device();
        InitializeDeviceType(device.type);
        return device;
    }

    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (deviceType == DeviceType.MPS) throw new InvalidOperationException("Torch device type 'MPS' is not available on this platform.");
        if (deviceType == DeviceType.CUDA && !cuda.is_available())
            throw new InvalidOperationException($"Torch device type {deviceType} did not initialise on the current machine. Trace from LoadNativeBackend:\n");
    }

    public static bool TryInitializeDeviceType(DeviceType deviceType) => deviceType switch
    {
        DeviceType.MPS => false,
        DeviceType.CUDA => cuda.is_available(),
        _ => true,
    };

    public static bool cuda_is_available() => cuda.is_available();

    public static partial class cuda
    {
        public static bool is_available() => device_count() > 0;
        public static int device_count() => Shim.llm_cuda_count();
        public static void manual_seed_all(long seed) => Shim.Check(Shim.llm_cuda_seed(seed));
        public static void synchronize(Device? device = null)
        {
            if (is_available()) Shim.Check(Shim.llm_cuda_synchronize(device?.index ?? -1));
        }
    }

    public static class backends
    {
        public static class cuda
        {
            public static class matmul
            {
                public static bool allow_tf32 { get => Shim.llm_setting(0, -1) == 1; set => Shim.Check(Shim.llm_setting(0, value ? 1 : 0)); }
            }
        }

        public static class cudnn
        {
            public static bool allow_tf32 { get => Shim.llm_setting(1, -1) == 1; set => Shim.Check(Shim.llm_setting(1, value ? 1 : 0)); }
        }
    }
}
