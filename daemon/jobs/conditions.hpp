#pragma once

#include <string>

namespace kontor::jobs {

/// What a job may ask of the machine before it begins. Asked about once a minute, from one thread.
class Conditions {
public:
    virtual ~Conditions() = default;
    virtual bool on_mains() = 0;   ///< not on battery
    virtual bool unmetered() = 0;  ///< the network is not known to cost by volume
    virtual bool idle() = 0;       ///< nobody is at work
};

/// By its name in the configuration: mains, unmetered, idle.
[[nodiscard]] bool holds(Conditions& conditions, const std::string& name);

}  // namespace kontor::jobs
