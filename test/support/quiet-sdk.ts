// On Node.js 20 the SDK warns about its requirements in 2027; no test checks that warning.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
