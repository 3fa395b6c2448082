{{ conform('marketing_touchpoints') }}
