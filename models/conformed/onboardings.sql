{{ conform('onboardings') }}
