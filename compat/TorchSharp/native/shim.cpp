// The native half: C functions over libtorch's C++ interface, for libtorch 1.13 and newer.
//
// Operators are reached by name through the dispatcher, so that this file knows no operator. Beside it there is only what the
// dispatcher does not offer: metadata, gradients, functions whose backward is managed, generators, threads and settings.
//
// Conventions: a tensor handle is a TensorImpl* that owns one reference; null is an undefined tensor. No C++ exception leaves a
// function: those that can fail return a negative number (or null), and error() has the text.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIndexing.h>
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

namespace {

using Handle = c10::TensorImpl*;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The type that this libtorch has in its signatures.
#if TORCH_VERSION_MAJOR < 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 2)
using c10::nullopt;
using c10::optional;
#else
using std::nullopt;
using std::optional;
#endif

thread_local std::string last_error;

at::Tensor borrow(Handle h) { return h ? at::Tensor(c10::intrusive_ptr<c10::TensorImpl>::reclaim_copy(h)) : at::Tensor(); }
Handle give(at::Tensor t) { return t.defined() ? t.unsafeReleaseTensorImpl() : nullptr; }

std::vector<at::Tensor> borrow(const Handle* handles, int64_t n) {
    std::vector<at::Tensor> list;
    list.reserve(n);
    for (int64_t i = 0; i < n; i++) list.push_back(borrow(handles[i]));
    return list;
}

// Runs the body; an exception becomes the text of error() and the failure value.
template <class T, class F>
T guarded(T failure, F&& body) noexcept {
    try {
        return body();
    } catch (const c10::Error& e) {
        last_error = e.what();
    } catch (const std::exception& e) {
        last_error = e.what();
    } catch (...) {
        last_error = "unknown native exception";
    }
    return failure;
}

// What crosses the border for an argument or a result; the managed struct of the same name has the same layout.
enum Tag : int32_t { None, TensorTag, Int, Double, Bool, IntList, TensorList, OptionalTensorList, GeneratorTag, DeviceTag, String, DoubleList, Default };
struct Value {
    Tag tag;
    int32_t count;
    union {
        int64_t integer;
        double number;
        void* pointer;
    };
};

c10::Device device_of(int64_t packed) { return c10::Device(static_cast<c10::DeviceType>(packed >> 8), static_cast<c10::DeviceIndex>(packed & 0xff)); }

at::Generator borrow_generator(void* g) { return at::Generator(c10::intrusive_ptr<c10::GeneratorImpl>::reclaim_copy(static_cast<c10::GeneratorImpl*>(g))); }

c10::IValue to_ivalue(const Value& v, const c10::OperatorHandle& op, size_t position) {
    switch (v.tag) {
        case TensorTag: return borrow(static_cast<Handle>(v.pointer));
        case Int: return v.integer;
        case Double: return v.number;
        case Bool: return v.integer != 0;
        case IntList: return std::vector<int64_t>(static_cast<int64_t*>(v.pointer), static_cast<int64_t*>(v.pointer) + v.count);
        case DoubleList: return std::vector<double>(static_cast<double*>(v.pointer), static_cast<double*>(v.pointer) + v.count);
        case TensorList: return borrow(static_cast<Handle*>(v.pointer), v.count);
        case OptionalTensorList: {
            c10::List<optional<at::Tensor>> list;
            list.reserve(v.count);
            for (int32_t i = 0; i < v.count; i++) {
                auto h = static_cast<Handle*>(v.pointer)[i];
                list.push_back(h ? optional<at::Tensor>(borrow(h)) : nullopt);
            }
            return list;
        }
        case GeneratorTag: return borrow_generator(v.pointer);
        case DeviceTag: return device_of(v.integer);
        case String: return std::string(static_cast<const char*>(v.pointer), v.count);
        case Default: return op.schema().arguments()[position].default_value().value();
        default: return c10::IValue();
    }
}

Value to_value(c10::IValue& v) {
    Value r{};
    if (v.isTensor()) {
        r.tag = TensorTag;
        r.pointer = give(std::move(v).toTensor());
    } else if (v.isInt()) {
        r.tag = Int;
        r.integer = v.toInt();
    } else if (v.isDouble()) {
        r.tag = Double;
        r.number = v.toDouble();
    } else if (v.isBool()) {
        r.tag = Bool;
        r.integer = v.toBool();
    } else if (v.isTensorList()) {
        auto list = v.toTensorVector();
        auto handles = new Handle[list.size()];
        for (size_t i = 0; i < list.size(); i++) handles[i] = give(std::move(list[i]));
        r.tag = TensorList;
        r.count = static_cast<int32_t>(list.size());
        r.pointer = handles;
    } else {
        TORCH_CHECK(v.isNone(), "a result of type ", v.tagKind(), " cannot leave the shim");
    }
    return r;
}

// The managed half of a custom function. state is a GCHandle; callbacks return 0, or -1 after they kept their exception.
struct Callbacks {
    int32_t (*forward)(void* state, AutogradContext* context, variable_list* outputs);
    int32_t (*backward)(void* state, AutogradContext* context, Handle* gradients, int32_t count, variable_list* outputs);
    const char* (*failure)(void* state);
    void (*release)(void* state);
};
Callbacks callbacks;

// Lives in the context of the graph's node, and ends with it.
struct ManagedState : torch::CustomClassHolder {
    explicit ManagedState(void* s) : state(s) {}
    ~ManagedState() override { callbacks.release(state); }
    void* state;
};

struct ManagedFunction : torch::autograd::Function<ManagedFunction> {
    static variable_list forward(AutogradContext* context, at::TensorList, void* state) {
        context->saved_data["state"] = c10::IValue::make_capsule(c10::make_intrusive<ManagedState>(state));
        variable_list outputs;
        if (callbacks.forward(state, context, &outputs) != 0) throw std::runtime_error(callbacks.failure(state));
        return outputs;
    }
    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto state = static_cast<ManagedState*>(context->saved_data["state"].toCapsule().get())->state;
        std::vector<Handle> handles;
        handles.reserve(gradients.size());
        for (auto& g : gradients) handles.push_back(give(std::move(g)));
        variable_list outputs;
        if (callbacks.backward(state, context, handles.data(), static_cast<int32_t>(handles.size()), &outputs) != 0)
            throw std::runtime_error(callbacks.failure(state));
        outputs.emplace_back();  // for 'state', an argument of forward without a gradient
        return outputs;
    }
};

}  // namespace

// ---- the shim itself

// To be raised with every change of this interface; the managed half compares.
API int32_t llm_shim_interface() { return 2; }
API const char* llm_shim_compiled_for() { return TORCH_VERSION; }
// Describes the libtorch that is loaded (compiler, options, versions).
API const char* llm_shim_config() {
    static std::string text = at::show_config();
    return text.c_str();
}
API const char* llm_error() { return last_error.c_str(); }

// ---- operators

API void* llm_operator(const char* name, const char* overload) {
    return guarded<void*>(nullptr, [&]() -> void* {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        if (!found) {
            last_error = std::string("this libtorch (") + TORCH_VERSION + ") has no operator " + name + (*overload ? "." : "") + overload;
            return nullptr;
        }
        return new c10::OperatorHandle(*found);
    });
}

// Calls an operator; arguments that are not given take the schema's defaults. Returns the number of results.
API int32_t llm_call(void* op, const Value* arguments, int32_t count, Value* results, int32_t capacity) {
    return guarded<int32_t>(-1, [&] {
        auto& handle = *static_cast<c10::OperatorHandle*>(op);
        torch::jit::Stack stack;
        auto& schema = handle.schema().arguments();
        stack.reserve(schema.size());
        for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(arguments[i], handle, i));
        for (size_t i = count; i < schema.size(); i++) stack.push_back(schema[i].default_value().value());
        handle.callBoxed(&stack);
        TORCH_CHECK(static_cast<int32_t>(stack.size()) <= capacity, "more results than expected");
        for (size_t i = 0; i < stack.size(); i++) results[i] = to_value(stack[i]);
        return static_cast<int32_t>(stack.size());
    });
}
API void llm_free_list(Handle* list) { delete[] list; }

// ---- tensors

// Another reference to the same tensor.
API Handle llm_share(Handle t) { return give(borrow(t)); }
API void llm_release(Handle t) { c10::intrusive_ptr<c10::TensorImpl>::reclaim(t); }
API int32_t llm_dtype(Handle t) { return static_cast<int32_t>(c10::typeMetaToScalarType(t->dtype())); }
API int64_t llm_dim(Handle t) { return t->dim(); }
API int64_t llm_numel(Handle t) { return t->numel(); }
API int64_t llm_element_size(Handle t) { return static_cast<int64_t>(t->itemsize()); }
API void llm_sizes(Handle t, int64_t* sizes) { std::memcpy(sizes, t->sizes().data(), t->dim() * sizeof(int64_t)); }
API int64_t llm_size(Handle t, int64_t dim) {
    return guarded<int64_t>(-1, [&] { return t->size(dim); });
}
API int32_t llm_strides(Handle t, int64_t* strides) {
    return guarded<int32_t>(-1, [&] {
        std::memcpy(strides, t->strides().data(), t->dim() * sizeof(int64_t));
        return 0;
    });
}
API int64_t llm_storage_offset(Handle t) { return t->storage_offset(); }
API int64_t llm_device(Handle t) { return (static_cast<int64_t>(t->device().type()) << 8) | static_cast<uint8_t>(t->device().index()); }
API int32_t llm_is_contiguous(Handle t) { return t->is_contiguous(); }
API int32_t llm_is_sparse(Handle t) { return t->is_sparse(); }
API void* llm_data(Handle t) {
    return guarded<void*>(nullptr, [&] { return borrow(t).data_ptr(); });
}
// A tensor over memory of the caller, who hears through release(state) that nobody uses it any more.
API Handle llm_from_blob(void* data, const int64_t* sizes, int32_t dims, int32_t dtype, void (*release)(void*), void* state) {
    return guarded<Handle>(nullptr, [&] {
        auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(dtype));
        return give(at::from_blob(data, at::IntArrayRef(sizes, dims), [release, state](void*) { release(state); }, options));
    });
}

// An index expression, an item a dimension. The managed struct of the same name has the same layout.
enum IndexKind : int32_t { Single, NewAxis, Ellipsis, Truth, ByTensor, Slice };
enum IndexParts : int32_t { HasStart = 1, HasStop = 2, HasStep = 4 };
struct IndexItem {
    IndexKind kind;
    int32_t parts;
    int64_t start, stop, step;
    Handle tensor;
};

static std::vector<at::indexing::TensorIndex> indices(const IndexItem* items, int32_t count) {
    std::vector<at::indexing::TensorIndex> list;
    list.reserve(count);
    auto part = [](const IndexItem& i, int32_t which, int64_t value) { return i.parts & which ? optional<int64_t>(value) : nullopt; };
    for (int32_t k = 0; k < count; k++) {
        auto& i = items[k];
        switch (i.kind) {
            case Single: list.emplace_back(i.start); break;
            case NewAxis: list.emplace_back(at::indexing::None); break;
            case Ellipsis: list.emplace_back(at::indexing::Ellipsis); break;
            case Truth: list.emplace_back(i.start != 0); break;
            case ByTensor: list.emplace_back(borrow(i.tensor)); break;
            case Slice: list.emplace_back(at::indexing::Slice(part(i, HasStart, i.start), part(i, HasStop, i.stop), part(i, HasStep, i.step))); break;
        }
    }
    return list;
}
API Handle llm_index(Handle t, const IndexItem* items, int32_t count) {
    return guarded<Handle>(nullptr, [&] { return give(borrow(t).index(indices(items, count))); });
}
API int32_t llm_index_put(Handle t, const IndexItem* items, int32_t count, Handle value) {
    return guarded<int32_t>(-1, [&] {
        borrow(t).index_put_(indices(items, count), borrow(value));
        return 0;
    });
}
API int32_t llm_promote(int32_t a, int32_t b) {
    return static_cast<int32_t>(c10::promoteTypes(static_cast<c10::ScalarType>(a), static_cast<c10::ScalarType>(b)));
}

// ---- gradients

API int32_t llm_requires_grad(Handle t) { return t->requires_grad(); }
API int32_t llm_is_leaf(Handle t) { return borrow(t).is_leaf(); }
API int32_t llm_set_requires_grad(Handle t, int32_t value) {
    return guarded<int32_t>(-1, [&] {
        borrow(t).set_requires_grad(value != 0);
        return 0;
    });
}
API Handle llm_grad(Handle t) { return give(borrow(t).grad()); }
API int32_t llm_set_grad(Handle t, Handle gradient) {
    return guarded<int32_t>(-1, [&] {
        borrow(t).mutable_grad() = borrow(gradient);
        return 0;
    });
}
API int32_t llm_retain_grad(Handle t) {
    return guarded<int32_t>(-1, [&] {
        borrow(t).retain_grad();
        return 0;
    });
}
API int32_t llm_grad_enabled() { return c10::GradMode::is_enabled(); }
API void llm_set_grad_enabled(int32_t value) { c10::GradMode::set_enabled(value != 0); }
API int32_t llm_inference_enabled() { return c10::InferenceMode::is_enabled(); }
API void* llm_inference_begin(int32_t value) { return new c10::InferenceMode(value != 0); }
API void llm_inference_end(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }
API int32_t llm_anomaly() {
    using torch::autograd::AnomalyMode;
    return (AnomalyMode::is_enabled() ? 1 : 0) | (AnomalyMode::should_check_nan() ? 2 : 0);
}
API void llm_set_anomaly(int32_t enabled, int32_t check_nan) { torch::autograd::AnomalyMode::set_enabled(enabled != 0, check_nan != 0); }

API int32_t llm_backward(const Handle* roots, int32_t n, const Handle* gradients, int32_t gradient_count, int32_t retain, int32_t create, const Handle* inputs, int32_t input_count) {
    return guarded<int32_t>(-1, [&] {
        torch::autograd::backward(borrow(roots, n), borrow(gradients, gradient_count), retain != 0, create != 0, borrow(inputs, input_count));
        return 0;
    });
}
// An input that the outputs don't depend on has an undefined gradient.
API int32_t llm_gradients(const Handle* outputs, int32_t n, const Handle* inputs, int32_t input_count, const Handle* gradients, int32_t gradient_count, int32_t retain, int32_t create, Handle* results) {
    return guarded<int32_t>(-1, [&] {
        auto found = torch::autograd::grad(borrow(outputs, n), borrow(inputs, input_count), borrow(gradients, gradient_count), retain != 0, create != 0, true);
        for (size_t i = 0; i < found.size(); i++) results[i] = give(std::move(found[i]));
        return 0;
    });
}

// ---- functions with a managed backward

API void llm_set_callbacks(const Callbacks* table) { callbacks = *table; }
// Runs forward. Returns the number of outputs; their handles are read by llm_take, once.
API variable_list* llm_apply(const Handle* inputs, int32_t n, void* state) {
    return guarded<variable_list*>(nullptr, [&] {
        // A list as such would pass for one argument without a gradient: only as a TensorList are its members inputs of the node.
        auto list = borrow(inputs, n);
        return new variable_list(ManagedFunction::apply(at::TensorList(list), state));
    });
}
API void llm_add(variable_list* list, Handle t) { list->push_back(borrow(t)); }
API int32_t llm_count(variable_list* list) { return static_cast<int32_t>(list->size()); }
API void llm_take(variable_list* list, Handle* handles) {
    for (size_t i = 0; i < list->size(); i++) handles[i] = give(std::move((*list)[i]));
    delete list;
}
API void llm_context_set(AutogradContext* context, const Handle* saved, int32_t saved_count, const Handle* dirty, int32_t dirty_count, const Handle* constant, int32_t constant_count, int32_t materialize) {
    context->save_for_backward(borrow(saved, saved_count));
    context->mark_dirty(borrow(dirty, dirty_count));
    context->mark_non_differentiable(borrow(constant, constant_count));
    context->set_materialize_grads(materialize != 0);
}
API int32_t llm_context_saved(AutogradContext* context, Handle* handles, int32_t count) {
    return guarded<int32_t>(-1, [&] {
        auto saved = context->get_saved_variables();
        for (int32_t i = 0; i < count && i < static_cast<int32_t>(saved.size()); i++) handles[i] = give(std::move(saved[i]));
        return static_cast<int32_t>(saved.size());
    });
}

// ---- generators, threads, settings

API int32_t llm_manual_seed(int64_t seed) {
    return guarded<int32_t>(-1, [&] {
        at::manual_seed(static_cast<uint64_t>(seed));
        return 0;
    });
}
// The default generator of the processor, or a new one.
API void* llm_generator(int32_t shared, int64_t seed) {
    return guarded<void*>(nullptr, [&]() -> void* {
        auto generator = shared ? at::detail::getDefaultCPUGenerator() : at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
        return generator.unsafeReleaseGeneratorImpl();
    });
}
API void llm_generator_release(void* g) { c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(static_cast<c10::GeneratorImpl*>(g)); }
API int64_t llm_generator_seed(void* g) { return static_cast<int64_t>(borrow_generator(g).current_seed()); }
API void llm_generator_set_seed(void* g, int64_t seed) {
    auto generator = borrow_generator(g);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(static_cast<uint64_t>(seed));
}
API Handle llm_generator_state(void* g) {
    return guarded<Handle>(nullptr, [&] {
        auto generator = borrow_generator(g);
        std::lock_guard<std::mutex> lock(generator.mutex());
        return give(generator.get_state());
    });
}
API int32_t llm_generator_set_state(void* g, Handle state) {
    return guarded<int32_t>(-1, [&] {
        auto generator = borrow_generator(g);
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(borrow(state));
        return 0;
    });
}
API int32_t llm_threads(int32_t between_operators) { return between_operators ? at::get_num_interop_threads() : at::get_num_threads(); }
API int32_t llm_set_threads(int32_t between_operators, int32_t count) {
    return guarded<int32_t>(-1, [&] {
        between_operators ? at::set_num_interop_threads(count) : at::set_num_threads(count);
        return 0;
    });
}
API int32_t llm_cuda_count() {
    return guarded<int32_t>(0, [&] { return torch::cuda::is_available() ? static_cast<int32_t>(torch::cuda::device_count()) : 0; });
}
API int32_t llm_cuda_seed(int64_t seed) {
    return guarded<int32_t>(-1, [&] {
        torch::cuda::manual_seed_all(static_cast<uint64_t>(seed));
        return 0;
    });
}
API int32_t llm_cuda_synchronize(int64_t device) {
    return guarded<int32_t>(-1, [&] {
        torch::cuda::synchronize(device);
        return 0;
    });
}
// which: 0 TF32 in matrix products, 1 TF32 in cuDNN; value: 0, 1, or negative to ask.
API int32_t llm_setting(int32_t which, int32_t value) {
    return guarded<int32_t>(-1, [&]() -> int32_t {
        auto& context = at::globalContext();
        if (which == 0) {
            if (value >= 0) context.setAllowTF32CuBLAS(value != 0);
            return context.allowTF32CuBLAS();
        }
        if (value >= 0) context.setAllowTF32CuDNN(value != 0);
        return context.allowTF32CuDNN();
    });
}
