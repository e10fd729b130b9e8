using System.Reflection;
using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A tree of parameters, buffers and modules. This part: what it holds and how that gets registered.</summary>
        public partial class Module : IDisposable
        {
            protected OrderedDict<string, Module> _internal_submodules = new();
            protected OrderedDict<string, (Tensor, bool)> _internal_buffers = new();
            protected OrderedDict<string, Parameter> _internal_params = new();
            protected string? name;
            private bool _componentsRegistered, _training = true, _disposed;

            protected Module(string name) => this.name = name;
            ~Module() => Dispose(false);

            public virtual string GetName() => name!;
            public virtual bool training
            {
                get
                {
                    RequireAlive();
                    return _training;
                }
            }

            private protected void RequireAlive() => ObjectDisposedException.ThrowIf(_disposed, typeof(HType));
            // The name under which a disposed module complains; what carried it is the native module of the original.
            private protected sealed class HType;

            public virtual void train(bool train = true)
            {
                _training = train;
                foreach (var (_, m) in named_children()) m.train(train);
            }
            public virtual void eval() => train(false);

            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, m) in _internal_submodules) m.apply(fn);
                fn(this);
                return this;
            }

            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var (_, p) in named_parameters())
                {
                    using var gradient = p.grad;
                    if (gradient is null) continue;
                    if (set_to_none) p.grad = null;
                    else gradient.zero_();
                }
            }

            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                if (tensor is null || tensor.IsInvalid) throw new ArgumentNullException(nameof(tensor), "A null tensor cannot be registered as a buffer.");
                if (_internal_buffers.ContainsKey(name)) throw new InvalidOperationException($"Tensor {name} is already registered.");
                _internal_buffers.Add(name, (tensor, persistent));
            }

            public virtual void register_parameter(string name, Parameter param)
            {
                if (param is null || param.IsInvalid) throw new ArgumentNullException(nameof(param), "A null tensor cannot be registered as a parameter.");
                if (_internal_params.ContainsKey(name)) throw new InvalidOperationException($"Parameter {name} is already registered.");
                _internal_params.Add(name, param);
            }

            public void add_module(string name, Module module) => register_module(name, module);
            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null || submodule._disposed)
                {
                    if (_internal_submodules.ContainsKey(name)) _internal_submodules.Remove(name);
                    return;
                }
                if (name.Contains('.')) throw new ArgumentException($"module name can't contain \".\", got: {name}");
                if (name.Length == 0) throw new ArgumentException("module name can't be empty string \"\"");
                if (_internal_submodules.ContainsKey(name)) throw new InvalidOperationException($"Sub-module {name} is already registered.");
                submodule.RegisterComponents();
                _internal_submodules.Add(name, submodule);
            }

            /// <summary>Registers the modules, parameters and tensors that the fields hold; the fields of derived classes first. Works once.</summary>
            protected virtual void RegisterComponents()
            {
                if (_componentsRegistered) return;
                foreach (var field in Fields(GetType()))
                {
                    var component = field.ComponentName();
                    if (_internal_submodules.ContainsKey(component) || _internal_params.ContainsKey(component) || _internal_buffers.ContainsKey(component)) continue;
                    switch (field.GetValue(this))
                    {
                        case Module m: register_module(component, m); break;
                        case Parameter p: register_parameter(component, p); break;
                        case Tensor t: register_buffer(component, t); break;
                    }
                }
                _componentsRegistered = true;
            }

            // A private field of a base class is hidden by one of the same name below it.
            private static IEnumerable<FieldInfo> Fields(Type type)
            {
                var seen = new HashSet<string>();
                for (Type? t = type; t is not null && t != typeof(object); t = t.BaseType)
                    foreach (var field in t.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
                        if (seen.Add(field.Name)) yield return field;
            }

            protected void ConditionallyRegisterParameter(string name, Tensor value) => ConditionallyRegisterParameter(name, value as Parameter);
            protected void ConditionallyRegisterParameter(string name, Parameter? value)
            {
                if (value is not null) _internal_params[name] = value;
                else if (_internal_params.ContainsKey(name)) _internal_params.Remove(name);
            }

            protected void ConditionallyRegisterBuffer(string name, Tensor? value, bool persistent = true)
            {
                if (value is not null) _internal_buffers[name] = (value, persistent);
                else if (_internal_buffers.ContainsKey(name)) _internal_buffers.Remove(name);
            }

            /// <summary>The setter of a parameter that is a property: the old one goes, the new one leaves its dispose scope and is registered.</summary>
            internal void SetParameter(string name, ref Parameter? field, Parameter? value)
            {
                if (ReferenceEquals(field, value)) return;
                field?.Dispose();
                field = (Parameter?)value?.DetachFromDisposeScope();
                ConditionallyRegisterParameter(name, field);
            }

            /// <summary>Moves a parameter that is a property.</summary>
            private protected void MoveParameter(string name, ref Parameter? field, ScalarType? dtype, Device? device)
            {
                if (field is not null && ReplaceParameter(dtype, device, field, out var moved)) SetParameter(name, ref field, moved);
            }

            protected void ClearModules() => _internal_submodules.clear();

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing || _disposed) return;
                foreach (var (_, b) in named_buffers(false).ToList()) b.DetachFromDisposeScope().Dispose();
                foreach (var (_, p) in named_parameters(false).ToList()) p.DetachFromDisposeScope().Dispose();
                foreach (var (_, m) in named_modules().ToList()) m.Dispose();
                _disposed = true;
            }
        }
    }
}
