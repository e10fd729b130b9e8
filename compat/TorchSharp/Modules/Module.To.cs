using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // Moving and converting: parameters and buffers are replaced by new objects, the old ones disposed.
        public partial class Module
        {
            protected DeviceType _deviceType = DeviceType.CPU;
            protected int _deviceIndex = -1;

            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking)
            {
                RequireAlive();
                RequireFloating(dtype);
                RequireDevice(device.type);
                _toEpilog(device.type == DeviceType.CUDA ? device : new Device(device.type), dtype, non_blocking);
                return this;
            }

            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                RequireAlive();
                if (deviceType != DeviceType.CUDA) deviceIndex = -1;
                RequireDevice(deviceType);
                if (deviceType != _deviceType || deviceIndex != _deviceIndex) _toEpilog(deviceType, deviceIndex, non_blocking);
                return this;
            }

            protected internal virtual Module _to(ScalarType dtype, bool non_blocking)
            {
                RequireAlive();
                RequireFloating(dtype);
                _toEpilog(dtype, non_blocking);
                return this;
            }

            public Module _to(Tensor other, bool non_blocking)
            {
                _to(other.dtype, non_blocking);
                return _to(other.device_type, other.device_index, non_blocking);
            }

            private static void RequireFloating(ScalarType dtype)
            {
                if (!is_floating_point(dtype) && !is_complex(dtype)) throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={dtype}");
            }
            private static void RequireDevice(DeviceType type)
            {
                if (type == DeviceType.CUDA && !cuda.is_available()) throw new InvalidOperationException("CUDA is not available.");
                InitializeDeviceType(type);
            }

            protected void _toEpilog(ScalarType dtype, bool non_blocking) => _toEpilog(dtype, null, non_blocking);
            protected void _toEpilog(Device device, ScalarType dtype, bool non_blocking) => _toEpilog(dtype, device, non_blocking);
            protected void _toEpilog(DeviceType deviceType, int deviceIndex, bool non_blocking) => _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);
            protected virtual void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
            {
                ConvertHeld(dtype, device);
                foreach (var (_, m) in named_children())
                {
                    if (device is null) m._to(dtype!.Value, non_blocking);
                    else if (dtype is null) m._to(device.type, device.index, non_blocking);
                    else m._to(device, dtype.Value, non_blocking);
                }

                var fields = Fields(GetType()).GroupBy(f => f.ComponentName()).ToDictionary(g => g.Key, g => g.First());
                foreach (var (name, p) in named_parameters(false).ToList())
                {
                    if (!ReplaceParameter(dtype, device, p, out var replacement)) continue;
                    if (Property(name) is { } property)
                    {
                        property.SetValue(this, replacement);
                        continue;
                    }
                    p.Dispose();
                    ConditionallyRegisterParameter(name, replacement);
                    if (fields.TryGetValue(name, out var field)) field.SetValue(this, replacement);
                }
                foreach (var (name, b) in named_buffers(false).ToList())
                {
                    if (!ReplaceBuffer(dtype, device, b, out var replacement)) continue;
                    if (Property(name) is { } property)
                    {
                        property.SetValue(this, replacement);
                        continue;
                    }
                    ConditionallyRegisterBuffer(name, replacement);
                    if (fields.TryGetValue(name, out var field)) field.SetValue(this, replacement);
                }
                if (device is not null) (_deviceType, _deviceIndex) = (device.type, device.index);
            }

            /// <summary>Converts what a module holds beside its registered parameters.</summary>
            private protected virtual void ConvertHeld(ScalarType? dtype, Device? device) { }

            private PropertyInfo? Property(string name) => GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance) is { CanWrite: true } p ? p : null;

            protected static bool ReplaceParameter(ScalarType? dtype, Device? device, Parameter param, out Parameter? p)
            {
                p = null;
                using var gradient = param.grad;
                if (!WouldCopy(param, dtype, device) && (gradient is null || !WouldCopy(gradient, dtype, device))) return false;
                using var still = no_grad();
                p = (Parameter)new Parameter(Moved(param, dtype, device), param.requires_grad).DetachFromDisposeScope();
                if (gradient is not null)
                {
                    using var moved = Moved(gradient, dtype, device).with_requires_grad(gradient.requires_grad);
                    p.grad = moved;
                }
                return true;
            }

            protected static bool ReplaceBuffer(ScalarType? dtype, Device? device, Tensor buffer, out Tensor? result)
            {
                result = null;
                if (!WouldCopy(buffer, dtype, device)) return false;
                result = Moved(buffer, dtype, device).DetachFromDisposeScope();
                buffer.Dispose();
                return true;
            }

            private static bool WouldCopy(Tensor t, ScalarType? dtype, Device? device) =>
                (dtype ?? t.dtype) != t.dtype || (device is not null && (device.type != t.device_type || (device.index >= 0 && device.index != t.device_index)));

            private static Tensor Moved(Tensor t, ScalarType? dtype, Device? device) =>
                t.to(dtype is { } type && (t.is_floating_point() || t.is_complex()) ? type : t.dtype, device ?? t.device);

            protected static (Device device, ScalarType dtype) GetDefaultDeviceAndType(Device? device = null, ScalarType? dtype = null) => (device ?? get_default_device(), dtype ?? get_default_dtype());
        }
    }
}

public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(type, non_blocking);
    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(device, type, non_blocking);
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(device.type, device.index, non_blocking);
    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(deviceType, deviceIndex, non_blocking);
    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module => module.to(new torch.Device(device), non_blocking);
    public static T to<T>(this T module, torch.Tensor other, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(other.device, other.dtype, non_blocking);
    public static T cpu<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(DeviceType.CPU, -1, non_blocking);
    public static T cuda<T>(this T module, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module => (T)module._to(DeviceType.CUDA, deviceIndex, non_blocking);
    public static T half<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float16, non_blocking);
    public static T bfloat16<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.BFloat16, non_blocking);
    public static T @float<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float32, non_blocking);
    public static T @double<T>(this T module, bool non_blocking = false) where T : torch.nn.Module => module.to(torch.ScalarType.Float64, non_blocking);
}
