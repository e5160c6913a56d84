#define BOOST_TEST_MODULE pendulum
#include <boost/test/unit_test.hpp>
